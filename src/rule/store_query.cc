#include "rule/store_query.h"

#include "absl/strings/str_cat.h"
#include "logql/parser.h"
#include "logql/tree.h"
#include "query/query_limits.h"

namespace logi::rule {
namespace {

using Done = std::function<void(StatusOr<Samples>)>;

constexpr const char* kNoVector = "rule result is not a vector or scalar";

StatusOr<Samples> samples_of(const StatusOr<query::Result>& result,
                             const std::vector<std::string>& missing) {
    LOGI_RETURN_IF_ERROR(result.status());
    if (result->type != query::Result::Type::kVector &&
        result->type != query::Result::Type::kScalar) {
        return absl::InvalidArgumentError(kNoVector);
    }
    // To decide over half the lines would be to guess.
    for (const auto& lacks : {missing, result->missing}) {
        if (!lacks.empty()) {
            return absl::UnavailableError(
                absl::StrCat("the answer is not complete: ", lacks.front()));
        }
    }
    Samples samples;
    for (const query::Series& series : result->series) {
        samples.push_back({series.labels, series.points.at(0).value});
    }
    return samples;
}

StatusOr<query::Prepared> prepare(const QueryRequest& request,
                                  const ingest::TenantRules& rules,
                                  Timestamp now) {
    LOGI_ASSIGN_OR_RETURN(const auto parsed, logql::parse(request.expr));
    if (logql::is_log_query(*parsed)) {
        return absl::InvalidArgumentError(kNoVector);
    }
    query::Request wanted;
    wanted.query = request.expr;
    wanted.instant = true;
    wanted.start = request.at;
    wanted.end = request.at;
    LOGI_ASSIGN_OR_RETURN(query::Prepared prepared,
                          query::prepare_within(std::move(wanted), rules.limits, now));
    if (rules.blocked.blocks(request.expr, *prepared.expr, {{"source", "ruler"}})) {
        return absl::InvalidArgumentError("query blocked by policy");
    }
    return prepared;
}

}  // namespace

void StoreQuery::ask(QueryRequest request, Done done) {
    const auto rules = store_.limits().of(request.tenant);
    const auto prepared = prepare(request, *rules, clock_.now());
    const std::int64_t most = rules->limits.max_query_parallelism;
    const auto reading = turns_.enter(
        request.tenant, most > 0 ? static_cast<std::size_t>(most) : executor_.parallelism());
    if (!prepared.ok() || !reading.ok()) {
        executor_.post([done, status = prepared.ok() ? reading.status() : prepared.status()] {
            done(status);
        });
        return;
    }
    request.cancel = request.cancel.child();
    if (rules->limits.query_timeout.ns > 0) {
        executor_.post_after(rules->limits.query_timeout, [cancel = request.cancel] {
            cancel.cancel(io::CancelToken::Cause::kTimeout);
        });
    }
    (*reading)->post_long([this,
                           prepared = *prepared,
                           reading = *reading,
                           request = std::move(request),
                           done = std::move(done)]() mutable {
        run(prepared, reading, std::move(request), std::move(done));
    });
}

void StoreQuery::run(const query::Prepared& prepared,
                     const std::shared_ptr<io::Executor>& reading,
                     QueryRequest request,
                     Done done) {
    std::vector<Matcher> only;
    if (!request.only.empty()) {
        auto bounds = logql::parse_selector(request.only, logql::Selective::kAny);
        if (!bounds.ok()) {
            done(bounds.status());
            return;
        }
        only = *std::move(bounds);
    }
    ingest::Pinned pinned;
    if (prepared.range.start < prepared.range.end) {
        pinned = store_.pin(request.tenant, prepared.range, only);
    }
    const auto rules = store_.limits().of(request.tenant);
    if (const Status s = query::check_bytes_read(pinned.sources, prepared, rules->limits);
        !s.ok()) {
        done(s);
        return;
    }
    query::run(*reading,
               std::move(pinned.sources),
               prepared,
               rules->limits,
               std::move(request.cancel),
               [done = std::move(done), reading, missing = std::move(pinned.missing)](
                   const StatusOr<query::Result>& result) { done(samples_of(result, missing)); });
}

}  // namespace logi::rule
