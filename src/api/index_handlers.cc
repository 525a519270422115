// What the index knows of streams: how much was logged.
#include "api/answer.h"
#include "api/api.h"
#include "api/params.h"
#include "logql/parser.h"
#include "query/stream_sizes.h"
#include "query/volume.h"

namespace logi::api {
namespace {

constexpr std::uint32_t kDefaultVolumeLimit = 100;

// A volume of {} is of every stream.
StatusOr<std::vector<Matcher>> volume_matchers(const std::string& text) {
    return text == "{}" ? std::vector<Matcher>() : logql::parse_selector(text);
}

// As queries have it, but 0 asks for the default.
StatusOr<std::uint32_t> volume_limit(const Params& params) {
    return params.get("limit") == "0" ? kDefaultVolumeLimit : params.limit(kDefaultVolumeLimit);
}

StatusOr<query::VolumeRequest> volume_request(const Params& params,
                                              TimeRange range,
                                              const Limits& limits,
                                              bool by_step) {
    query::VolumeRequest request;
    request.start = range.start;
    request.end = range.end;
    LOGI_ASSIGN_OR_RETURN(request.limit, volume_limit(params));
    if (by_step) {
        LOGI_ASSIGN_OR_RETURN(request.step, params.step_of(range));
    }
    const std::string aggregate_by = params.get("aggregateBy");
    if (!aggregate_by.empty() && aggregate_by != "series" && aggregate_by != "labels") {
        return absl::InvalidArgumentError("invalid aggregation option");
    }
    request.by_name = aggregate_by == "labels";
    LOGI_ASSIGN_OR_RETURN(request.matchers, volume_matchers(params.get("query")));
    request.target_labels = params.list("targetLabels");
    request.series_max = limits.volume_max_series;
    return request;
}

void add_missing(std::vector<std::string>& missing, const std::vector<std::string>& more) {
    missing.insert(missing.end(), more.begin(), more.end());
}

}  // namespace

StatusOr<TimeRange> Api::range_forward(const Params& params, const Limits& limits) const {
    LOGI_ASSIGN_OR_RETURN(const TimeRange asked, params.range(clock_.now()));
    if (asked.end < asked.start) {
        return absl::InvalidArgumentError(kEndBeforeStart);
    }
    LOGI_ASSIGN_OR_RETURN(TimeRange range, range_in_lookback(params, limits));
    range.start = std::min(range.start, range.end);
    return range;
}

void Api::index_stats(const net::HttpRequest& http, const Scope& scope, net::Responder respond) {
    const Params params(http);
    const auto range = range_forward(params, rules(scope)->limits);
    auto matchers = logql::parse_selector(params.get("query"));
    for (const Status& status : {range.status(), matchers.status()}) {
        if (!status.ok()) {
            respond(error_response(status));
            return;
        }
    }
    query::SizeRequest request;
    request.matchers = *std::move(matchers);
    request.first = range->start;
    request.lasts = {range->end - Duration{1}};
    request.groups_of = [](const Labels&, std::vector<std::uint32_t>& groups) {
        groups.push_back(0);
        return absl::OkStatus();
    };
    ingest::Pinned pinned = pin(scope, *range, TenantLabel::kHidden);
    query::run_stream_sizes(*scope.reading,
                            std::move(pinned.sources),
                            std::move(request),
                            http.cancel,
                            [respond = std::move(respond), missing = std::move(pinned.missing)](
                                StatusOr<query::StreamSizes> sizes) {
                                if (!sizes.ok()) {
                                    respond(error_response(sizes.status()));
                                    return;
                                }
                                add_missing(sizes->missing, missing);
                                respond(read_response(index_stats_json(*sizes), sizes->missing));
                            });
}

void Api::index_volume(const net::HttpRequest& http, const Scope& scope, net::Responder respond) {
    respond_volume(http, scope, false, std::move(respond));
}

void Api::index_volume_range(const net::HttpRequest& http,
                             const Scope& scope,
                             net::Responder respond) {
    respond_volume(http, scope, true, std::move(respond));
}

void Api::respond_volume(const net::HttpRequest& http,
                         const Scope& scope,
                         bool by_step,
                         net::Responder respond) {
    const auto rules = this->rules(scope);
    if (!rules->limits.volume_enabled) {
        respond(error_response(404, "not found"));
        return;
    }
    const Params params(http);
    const auto range = range_forward(params, rules->limits);
    const auto request = range.ok() ? volume_request(params, *range, rules->limits, by_step)
                                    : StatusOr<query::VolumeRequest>(range.status());
    if (!request.ok()) {
        respond(error_response(request.status()));
        return;
    }
    const Timestamp begin = clock_.now();
    ingest::Pinned pinned =
        pin(scope, {range->start, range->end + Duration{1}}, TenantLabel::kHidden);
    query::run_volume(
        *scope.reading,
        std::move(pinned.sources),
        *request,
        http.cancel,
        [this, begin, rules, respond = std::move(respond), missing = std::move(pinned.missing)](
            StatusOr<query::Volume> volume) {
            if (!volume.ok()) {
                respond(error_response(volume.status()));
                return;
            }
            add_missing(volume->sizes.missing, missing);
            const double seconds = static_cast<double>((clock_.now() - begin).ns) / 1e9;
            respond(
                read_response(volume_json(*volume, seconds, rules->limits.max_query_memory_bytes),
                              volume->sizes.missing));
        });
}

}  // namespace logi::api
