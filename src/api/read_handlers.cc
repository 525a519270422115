// Queries.
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "api/answer.h"
#include "api/api.h"
#include "api/params.h"
#include "api/query_metrics.h"
#include "api/read_request.h"
#include "base/log.h"
#include "fields/conversions.h"
#include "logql/parser.h"
#include "logql/query_blocks.h"
#include "model/labels.h"
#include "query/query_limits.h"
#include "query/tenant_source.h"

namespace logi::api {
namespace {

// Whether Grafana's Logs Drilldown asks, which rather shows a part than nothing.
bool is_drilldown(const net::HttpRequest& request) {
    const auto tags = query_tags(request.header(kQueryTagsHeader));
    return std::any_of(tags.begin(), tags.end(), [](const auto& tag) {
        return tag.first == "source" &&
               absl::EqualsIgnoreCase(tag.second, "grafana-lokiexplore-app");
    });
}

StatusOr<query::Request> range_request(const Params& params, Timestamp now) {
    query::Request request;
    request.query = params.get("query");
    LOGI_ASSIGN_OR_RETURN(const TimeRange range, params.range(now));
    request.start = range.start;
    request.end = range.end;
    if (request.end < request.start) {
        return absl::InvalidArgumentError(kEndBeforeStart);
    }
    LOGI_ASSIGN_OR_RETURN(request.limit, params.limit(kDefaultLimit));
    LOGI_ASSIGN_OR_RETURN(request.forward, params.forward());
    LOGI_ASSIGN_OR_RETURN(const auto interval, params.step("interval"));
    request.interval = interval.value_or(Duration{});
    if (request.interval.ns < 0) {
        return absl::InvalidArgumentError("interval must be >= 0");
    }
    LOGI_ASSIGN_OR_RETURN(request.step, params.step_of(range));
    return request;
}

const char* status_word(const Status& status) {
    switch (status.code()) {
        case absl::StatusCode::kOk:
            return "ok";
        case absl::StatusCode::kCancelled:
            return "cancelled";
        case absl::StatusCode::kDeadlineExceeded:
            return "timeout";
        default:
            return "error";
    }
}

// What a query was, of which only its request was known.
void describe(ReadRecord& record, const query::Prepared& prepared) {
    record.type = logql::query_type(*prepared.expr);
    record.query = prepared.request.query;
    record.start = prepared.request.start;
    record.end = prepared.request.end;
    record.step = prepared.request.instant ? Duration{} : prepared.request.step;
    record.instant = prepared.request.instant;
    record.limit = prepared.request.limit;
}

ReadOutcome outcome_of(const StatusOr<query::Result>& result, int status, Duration took) {
    ReadOutcome outcome;
    outcome.status = status;
    outcome.took = took;
    if (result.ok()) {
        outcome.stats = result->stats;
        outcome.returned_lines = result->rows.size();
        outcome.entries = result->rows.size() + result->series.size();
    }
    return outcome;
}

// The answer of query and query_range.
auto answer_to(const net::HttpRequest& http) {
    return [flags = encoding_flags(http)](const query::Result& result,
                                          const std::vector<std::string>& warnings,
                                          double seconds) -> StatusOr<std::string> {
        return result_json(result, warnings, flags, seconds);
    };
}

}  // namespace

ReadRecord record_of(const net::HttpRequest& http, const Scope& scope, Timestamp now) {
    const Params params(http);
    ReadRecord record;
    record.request_id = http.id;
    record.tenants = names_of(scope);
    record.tags = http.header(kQueryTagsHeader);
    record.query = params.get("query");
    if (const auto range = params.range(now); range.ok()) {
        record.start = range->start;
        record.end = range->end;
    }
    record.begin = now;
    record.waited = scope.waited;
    return record;
}

std::vector<std::string> encoding_flags(const net::HttpRequest& request) {
    return absl::StrSplit(
        std::string(request.header("X-Loki-Response-Encoding-Flags")), ',', absl::SkipWhitespace());
}

bool categorizes(const std::vector<std::string>& encoding_flags) {
    return std::find(encoding_flags.begin(), encoding_flags.end(), kCategorizeLabels) !=
           encoding_flags.end();
}

StatusOr<std::shared_ptr<io::Executor>> enter_turns(query::FairQueue& turns,
                                                    const std::string& tenant,
                                                    const Limits& limits,
                                                    const io::Executor& executor) {
    const std::int64_t most = limits.max_query_parallelism;
    return turns.enter(tenant, most > 0 ? static_cast<std::size_t>(most) : executor.parallelism());
}

std::string legacy_query_text(const Params& params) {
    const std::string regexp = params.get("regexp");
    return regexp.empty() ? params.get("query")
                          : absl::StrCat(params.get("query"), " |~ ", go_quote(regexp));
}

std::shared_ptr<const ingest::TenantRules> Api::rules(const Scope& scope) const {
    return scope.others.empty() ? store_.limits().of(scope.tenant)
                                : store_.limits().of_all(scope.tenant, scope.others);
}

Status Api::check_blocked(const query::Prepared& query,
                          const net::HttpRequest& http,
                          const Scope& scope) const {
    std::vector<std::string> tenants = scope.others;
    tenants.push_back(scope.tenant);
    const auto list = query_tags(http.header(kQueryTagsHeader));
    const std::map<std::string, std::string> tags(list.begin(), list.end());
    for (const auto& tenant : tenants) {
        if (!rules(tenant)->blocked.blocks(query.request.query, *query.expr, tags)) {
            continue;
        }
        metrics_.counter("loki_blocked_queries", "Queries that were not run.", {{"user", tenant}})
            .add();
        base::log_warn("query blocked", {{"tenant", tenant}, {"query", query.request.query}});
        return absl::InvalidArgumentError("query blocked by policy");
    }
    return absl::OkStatus();
}

ingest::Pinned Api::pin(const Scope& scope, TimeRange range, TenantLabel label) {
    if (scope.others.empty()) {
        return store_.pin(scope.tenant, range, scope.only);
    }
    std::vector<std::string> tenants = scope.others;
    tenants.insert(tenants.begin(), scope.tenant);
    ingest::Pinned all;
    for (const auto& tenant : tenants) {
        ingest::Pinned one = store_.pin(tenant, range, scope.only);
        for (auto& source : one.sources) {
            all.sources.push_back(
                query::of_tenant(std::move(source), tenant, label == TenantLabel::kShown));
        }
        all.missing.insert(all.missing.end(), one.missing.begin(), one.missing.end());
    }
    return all;
}

ingest::Pinned Api::pin(const Scope& scope, const query::Prepared& query) {
    return query.range.start < query.range.end ? pin(scope, query.range) : ingest::Pinned();
}

void Api::explain(query::Request request,
                  const net::HttpRequest& http,
                  const Scope& scope,
                  const net::Responder& respond) {
    const auto prepared =
        query::prepare_within(std::move(request), rules(scope)->limits, clock_.now());
    const Status status = prepared.ok() ? check_blocked(*prepared, http, scope) : prepared.status();
    if (!status.ok()) {
        respond(error_response(status));
        return;
    }
    const ingest::Pinned pinned = pin(scope, *prepared);
    const auto plans = query::explain(pinned.sources, *prepared);
    respond(plans.ok() ? read_response(plans_json(*plans, pinned.missing), pinned.missing)
                       : error_response(plans.status()));
}

// What it takes to find out a query's plan once it has ended.
struct Api::SlowQuery {
    std::shared_ptr<io::Executor> reading;
    exec::Sources sources;
    query::Prepared prepared;
    ReadRecord record;
    ReadOutcome outcome;
};

void Api::log_slow(const std::shared_ptr<const SlowQuery>& slow) {
    slow->reading->post_long([slow] {
        const auto plans = query::explain(slow->sources, slow->prepared);
        log_slow_read(slow->record,
                      slow->outcome,
                      plans.ok() ? plan_list_json(*plans)
                                 : absl::StrCat("unknown: ", plans.status().message()));
    });
}

net::HttpResponse Api::answer_of(const StatusOr<query::Result>& result,
                                 std::vector<std::string> missing,
                                 const Answer& answer,
                                 Duration took) {
    if (!result.ok()) {
        return error_response(result.status());
    }
    missing.insert(missing.end(), result->missing.begin(), result->missing.end());
    return read_response(answer(*result, missing, fields::seconds_of(took)), missing);
}

void Api::run(query::Request request,
              const net::HttpRequest& http,
              const Scope& scope,
              Answer answer,
              net::Responder respond) {
    const Timestamp begin = clock_.now();
    request.partial_series = is_drilldown(http);
    const auto rules = this->rules(scope);
    auto prepared = query::prepare_within(std::move(request), rules->limits, begin);
    const Status status = prepared.ok() ? check_blocked(*prepared, http, scope) : prepared.status();
    if (!status.ok()) {
        respond(error_response(status));
        return;
    }
    ReadRecord record = record_of(http, scope, begin);
    describe(record, *prepared);
    SpreadPin pinned = pin_spread(scope, *prepared, rules->limits);
    if (const Status s = query::check_bytes_read(pinned.spread->all(), *prepared, rules->limits);
        !s.ok()) {
        auto refused = error_response(s);
        log_read(record, outcome_of(s, refused.status, clock_.now() - begin));
        respond(std::move(refused));
        return;
    }
    std::shared_ptr<SlowQuery> may_be_slow;
    if (config_.log_queries_longer_than.ns != 0) {
        may_be_slow = std::make_shared<SlowQuery>(
            SlowQuery{scope.reading, pinned.spread->all(), *prepared, record, {}});
    }
    auto done = [this,
                 tenant = scope.tenant,
                 record = std::move(record),
                 may_be_slow = std::move(may_be_slow),
                 answer = std::move(answer),
                 respond = std::move(respond),
                 missing = std::move(pinned.missing)](const StatusOr<query::Result>& result) {
        metrics_
            .counter("logi_queries_total",
                     "Queries answered.",
                     {{"status", status_word(result.status())}})
            .add();
        auto response = answer_of(result, missing, answer, clock_.now() - record.begin);
        const Duration took = clock_.now() - record.begin;
        const ReadOutcome outcome = outcome_of(result, response.status, took);
        count_query(metrics_, tenant, record, outcome);
        log_read(record, outcome);
        respond(std::move(response));
        if (may_be_slow != nullptr && is_slow(took, config_.log_queries_longer_than)) {
            may_be_slow->outcome = outcome;
            log_slow(may_be_slow);
        }
    };
    query::run_spread(scope.reading,
                      std::move(pinned.spread),
                      *std::move(prepared),
                      rules->limits,
                      http.cancel,
                      std::move(done));
}

void Api::query_range(const net::HttpRequest& http, const Scope& scope, net::Responder respond) {
    const Params params(http);
    auto request = range_request(params, clock_.now());
    if (request.ok()) {
        request->align_to_step = rules(scope)->limits.split_queries_by_interval.ns > 0;
    }
    if (!request.ok()) {
        respond(error_response(request.status()));
        return;
    }
    if (params.get("explain") == "true") {
        explain(*std::move(request), http, scope, respond);
        return;
    }
    run(*std::move(request), http, scope, answer_to(http), std::move(respond));
}

void Api::legacy_query(const net::HttpRequest& http, const Scope& scope, net::Responder respond) {
    const Params params(http);
    auto request = range_request(params, clock_.now());
    if (!request.ok()) {
        respond(error_response(request.status()));
        return;
    }
    request->query = legacy_query_text(params);
    const auto expr = logql::parse(request->query);
    if (expr.ok() && !logql::is_log_query(**expr)) {
        respond(error_response(400,
                               "rpc error: code = Code(400) desc = legacy endpoints only support "
                               "streams result type\n"));
        return;
    }
    run(*std::move(request), http, scope, legacy_streams_json, std::move(respond));
}

void Api::query(const net::HttpRequest& http, const Scope& scope, net::Responder respond) {
    const Params params(http);
    query::Request request;
    request.query = params.get("query");
    request.instant = true;
    const auto time = params.time("time");
    const auto limit = params.limit(kDefaultLimit);
    const auto forward = params.forward();
    for (const Status& status : {time.status(), limit.status(), forward.status()}) {
        if (!status.ok()) {
            respond(error_response(status));
            return;
        }
    }
    request.end = time->value_or(clock_.now());
    request.start = request.end;
    request.limit = *limit;
    run(std::move(request), http, scope, answer_to(http), std::move(respond));
}

}  // namespace logi::api
