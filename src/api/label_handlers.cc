// Names and values of labels, and streams.
#include "absl/strings/str_cat.h"
#include "api/answer.h"
#include "api/api.h"
#include "api/params.h"
#include "logql/parser.h"
#include "query/label_stats.h"

namespace logi::api {
namespace {

// {name} of …/label/{name}/values.
std::string label_of(const std::string& path) {
    constexpr std::string_view kBefore = "/label/";
    const std::string rest = path.substr(path.find(kBefore) + kBefore.size());
    return rest.substr(0, rest.find('/'));
}

Timestamp floor_to(Timestamp t, Duration grain) {
    const std::int64_t into = t.ns % grain.ns;
    return t - Duration{into < 0 ? into + grain.ns : into};
}

// Names and values have a grain of minutes: Grafana asks for the labels of one line with its
// millisecond as start and end.
TimeRange whole_minutes(TimeRange range) {
    const Duration minute = Duration::minutes(1);
    return {floor_to(range.start, minute), floor_to(range.end, minute) + minute};
}

// The end does not belong to it, unless it would be empty then.
TimeRange at_least_a_millisecond(TimeRange range) {
    return {range.start, std::max(range.end, range.start + Duration::millis(1))};
}

}  // namespace

StatusOr<TimeRange> Api::range_in_lookback(const Params& params, const Limits& limits) const {
    const Timestamp now = clock_.now();
    LOGI_ASSIGN_OR_RETURN(TimeRange range, params.range(now));
    const Duration lookback = limits.max_query_lookback;
    if (lookback.ns > 0) {
        range.start = std::max(range.start, now - lookback);
    }
    return range;
}

StatusOr<Api::Streams> Api::streams_of(const Params& params,
                                       const std::vector<std::string>& selectors,
                                       const Scope& scope,
                                       TimeRange (*widen)(TimeRange),
                                       TenantLabel label) {
    const auto rules = this->rules(scope);
    LOGI_ASSIGN_OR_RETURN(TimeRange range, range_in_lookback(params, rules->limits));
    if (range.end < range.start) {
        return absl::InvalidArgumentError(
            absl::StrCat("this data is no longer available, it is past now - max_query_lookback (",
                         go_duration(rules->limits.max_query_lookback),
                         ")"));
    }
    std::vector<std::vector<Matcher>> parsed;
    for (const auto& text : selectors) {
        LOGI_ASSIGN_OR_RETURN(auto matchers, logql::parse_selector(text));
        parsed.push_back(std::move(matchers));
    }
    range = widen(range);
    ingest::Pinned pinned = pin(scope, range, label);
    LOGI_ASSIGN_OR_RETURN(query::FoundStreams found, query::series(pinned.sources, parsed, range));
    found.missing.insert(found.missing.end(), pinned.missing.begin(), pinned.missing.end());
    return Streams{std::move(found.labels), std::move(found.missing)};
}

void Api::respond_names(const net::HttpRequest& http,
                        const Scope& scope,
                        NamesJson json,
                        const net::Responder& respond,
                        const std::function<std::vector<std::string>(const Streams&)>& names_of) {
    const Params params(http);
    std::vector<std::string> selectors;
    if (std::string text = params.get("query"); !text.empty()) {
        selectors.push_back(std::move(text));
    }
    const auto streams = streams_of(params, selectors, scope, whole_minutes);
    respond(streams.ok() ? read_response(json(names_of(*streams),
                                              streams->missing,
                                              rules(scope)->limits.max_query_memory_bytes),
                                         streams->missing)
                         : error_response(streams.status()));
}

void Api::labels(const net::HttpRequest& http, const Scope& scope, net::Responder respond) {
    const NamesJson json = is_legacy(http) ? legacy_names_json : names_json;
    respond_names(http, scope, json, respond, [](const Streams& streams) {
        return query::label_names(streams.labels);
    });
}

void Api::label_values(const net::HttpRequest& http, const Scope& scope, net::Responder respond) {
    const NamesJson json = is_legacy(http) ? legacy_names_json : names_json;
    respond_names(http, scope, json, respond, [name = label_of(http.path)](const Streams& streams) {
        return query::label_values(streams.labels, name);
    });
}

void Api::series(const net::HttpRequest& http, const Scope& scope, net::Responder respond) {
    const Params params(http);
    std::vector<std::string> selectors = params.all("match[]");
    for (auto& text : params.all("match")) {
        selectors.push_back(std::move(text));
    }
    if (selectors.size() == 1 && selectors.front() == "{}") {
        selectors.clear();
    }
    const auto streams = streams_of(params, selectors, scope, at_least_a_millisecond);
    respond(streams.ok() ? read_response(series_json(streams->labels,
                                                     streams->missing,
                                                     rules(scope)->limits.max_query_memory_bytes),
                                         streams->missing)
                         : error_response(streams.status()));
}

void Api::detected_labels(const net::HttpRequest& http,
                          const Scope& scope,
                          net::Responder respond) {
    const Params params(http);
    std::vector<std::string> selectors;
    if (std::string text = params.get("query"); !text.empty()) {
        selectors.push_back(std::move(text));
    }
    if (const auto range = params.range(clock_.now()); range.ok() && range->end < range->start) {
        respond(error_response(absl::InvalidArgumentError(kEndBeforeStart)));
        return;
    }
    const auto streams = streams_of(params, selectors, scope, whole_minutes, TenantLabel::kHidden);
    respond(streams.ok() ? read_response(detected_labels_json(query::useful_labels(streams->labels),
                                                              streams->missing),
                                         streams->missing)
                         : error_response(streams.status()));
}

}  // namespace logi::api
