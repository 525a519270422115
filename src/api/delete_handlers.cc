// Requests to delete entries. Their parameters are in the URL, not in a form.
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "api/answer.h"
#include "api/api.h"
#include "api/params.h"
#include "base/rfc3339.h"
#include "compact/deletes.h"
#include "config/config.h"
#include "fields/conversions.h"
#include "logql/parser.h"
#include "logql/printer.h"
#include "wire/json_text.h"

namespace logi::api {
namespace {

constexpr std::size_t kSecondsDigits = 10;
constexpr Duration kMaxIntervalMin = Duration::seconds(1);

// Ten digits, or RFC 3339.
StatusOr<Timestamp> parse_time(const std::string& text, const char* name) {
    std::int64_t seconds = 0;
    if (text.size() == kSecondsDigits && absl::SimpleAtoi(text, &seconds)) {
        return at_second(seconds);
    }
    if (const auto parsed = parse_rfc3339(text); parsed.ok()) {
        return *parsed;
    }
    return absl::InvalidArgumentError(
        absl::StrCat("invalid ", name, " time: require unix seconds or RFC3339 format"));
}

struct Span {
    Timestamp first;
    Timestamp last;
};

StatusOr<Span> span_of(const Params& params, Timestamp now) {
    const std::string start = params.get("start");
    const std::string end = params.get("end");
    if (start.empty()) {
        return absl::InvalidArgumentError("start time not set");
    }
    Span span{{}, now};
    LOGI_ASSIGN_OR_RETURN(span.first, parse_time(start, "start"));
    if (!end.empty()) {
        LOGI_ASSIGN_OR_RETURN(span.last, parse_time(end, "end"));
        // An end that nanoseconds cannot hold is before every start to Loki.
        if (span.last > now && span.last != Timestamp::max()) {
            return absl::InvalidArgumentError("deletes in the future are not allowed");
        }
    }
    if (span.first >= span.last || span.last == Timestamp::max()) {
        return absl::InvalidArgumentError("start time can't be greater than or equal to end time");
    }
    return span;
}

// Loki cuts requests with filters into pieces of so much time; Logi needs no pieces, but refuses
// what Loki refuses.
Status check_max_interval(const std::string& text, const Span& span, Duration most) {
    if (text.empty()) {
        return absl::OkStatus();
    }
    Duration interval;
    if (!fields::parse_go_duration(text, interval, nullptr) || interval < kMaxIntervalMin) {
        return absl::InvalidArgumentError(
            "invalid max_interval: valid time units are 's', 'm', 'h'");
    }
    const Duration whole = span.last - span.first;
    if (most.ns > 0 && interval > most) {
        return absl::InvalidArgumentError(
            absl::StrCat("max_interval can't be greater than ", fields::format_go_duration(most)));
    }
    if (interval > whole) {
        return absl::InvalidArgumentError(
            absl::StrCat("max_interval can't be greater than the interval to be deleted (",
                         fields::format_go_duration(whole),
                         ")"));
    }
    return absl::OkStatus();
}

// The query of a request with what its owner may touch.
std::string restricted(const std::string& query, logql::LogExpr log, const Scope& scope) {
    if (scope.only.empty()) {
        return query;
    }
    log.matchers.insert(log.matchers.end(), scope.only.begin(), scope.only.end());
    return logql::to_string(log);
}

// Whether the request touches nothing else.
bool is_within(const catalog::DeleteRequest& request, const Scope& scope) {
    const auto log = logql::parse_log_query(request.query, logql::Selective::kAny);
    return log.ok() && std::all_of(scope.only.begin(), scope.only.end(), [&](const Matcher& only) {
               return std::any_of(log->matchers.begin(), log->matchers.end(), [&](const auto& m) {
                   return m.to_string() == only.to_string();
               });
           });
}

// Of a credential that may not see all streams only those that touch no others.
std::vector<compact::ListedDelete> within(std::vector<compact::ListedDelete> listed,
                                          const Scope& scope) {
    if (!scope.only.empty()) {
        std::erase_if(listed, [&](const auto& item) { return !is_within(item.request, scope); });
    }
    return listed;
}

std::string list_json(const std::vector<compact::ListedDelete>& listed, const Span* span) {
    std::string out = "[";
    for (const auto& [request, status] : listed) {
        if (span != nullptr && !request.overlaps(span->first, span->last)) {
            continue;
        }
        absl::StrAppend(&out,
                        out.size() == 1 ? "" : ",",
                        "{\"request_id\":\"",
                        request.id,
                        "\",\"start_time\":",
                        wire::format_seconds(request.first),
                        ",\"end_time\":",
                        wire::format_seconds(request.last),
                        ",\"query\":");
        wire::append_json_string(out, request.query);
        absl::StrAppend(&out,
                        ",\"status\":\"",
                        status,
                        "\",\"created_at\":",
                        wire::format_seconds(request.created_at),
                        ",\"user_id\":\"\"}");
    }
    return absl::StrCat(out, "]\n");
}

}  // namespace

void Api::delete_requests(const net::HttpRequest& request,
                          const Scope& scope,
                          net::Responder respond) {
    if (!config_.retention_enabled) {
        respond(refuse(404, "404 page not found"));
        return;
    }
    if (rules(scope.tenant)->limits.deletion_mode == "disabled") {
        respond(refuse(403, "deletion is not available for this tenant"));
        return;
    }
    const auto work = [this, method = request.method, query = request.query, scope, respond] {
        net::HttpRequest of_url;
        of_url.query = query;
        const Params params(of_url);
        if (method == "POST" || method == "PUT") {
            add_delete(params, scope, respond);
        } else if (method == "DELETE") {
            respond(cancel_delete(params, scope));
        } else {
            respond(list_deletes(params, scope));
        }
    };
    if (roles_.shared) {
        executor_.post_long(work);  // the bucket is asked
    } else {
        work();
    }
}

net::HttpResponse Api::cancel_delete(const Params& params, const Scope& scope) {
    const std::string id = params.get("request_id");
    bool hidden = false;
    if (!scope.only.empty()) {
        auto listed = deletes_.list(scope.tenant);
        if (!listed.ok()) {
            return refuse(listed.status());
        }
        const auto left = within(*std::move(listed), scope);
        hidden = std::none_of(
            left.begin(), left.end(), [&](const auto& item) { return item.request.id == id; });
    }
    // To cancel "" is what nobody's id is.
    const Status status =
        deletes_.cancel(scope.tenant, hidden ? std::string() : id, params.get("force") == "true");
    return status.ok() ? net::HttpResponse{204, {}, ""} : refuse(status);
}

void Api::add_delete(const Params& params, const Scope& scope, net::Responder respond) {
    const std::string query = params.get("query");
    if (query.empty()) {
        respond(refuse(400, "query not set"));
        return;
    }
    const auto log = logql::parse_log_query(query, logql::Selective::kAny);
    if (!log.ok()) {
        respond(refuse(400, "invalid query expression"));
        return;
    }
    const auto span = span_of(params, clock_.now());
    Status status = span.status();
    if (span.ok() && !log->stages.empty()) {
        status = check_max_interval(params.get("max_interval"), *span, config_.delete_max_interval);
    }
    if (!status.ok()) {
        respond(refuse(status));
        return;
    }
    deletes_.add(scope.tenant,
                 restricted(query, *log, scope),
                 span->first,
                 span->last,
                 [this, tenant = scope.tenant, respond](const auto& id) {
                     if (id.ok()) {
                         metrics_
                             .counter("loki_compactor_delete_requests_received_total",
                                      "Requests to delete that were taken.",
                                      {{"user", tenant}})
                             .add();
                     }
                     respond(id.ok() ? net::HttpResponse{204, {{"X-Delete-Request-Id", *id}}, ""}
                                     : refuse(id.status()));
                 });
}

net::HttpResponse Api::list_deletes(const Params& params, const Scope& scope) const {
    auto found = deletes_.list(scope.tenant);
    if (!found.ok()) {
        return refuse(found.status());
    }
    const auto listed = within(*std::move(found), scope);
    if (params.get("start").empty() || params.get("end").empty()) {
        return json_response(list_json(listed, nullptr));
    }
    Span span;
    for (const auto& [name, target] : {std::pair("start", &span.first), {"end", &span.last}}) {
        const auto time = parse_time(params.get(name), name);
        if (!time.ok()) {
            return refuse(time.status());
        }
        *target = *time;
    }
    return json_response(list_json(listed, &span));
}

}  // namespace logi::api
