#include "query/query.h"

#include "logql/parser.h"
#include "query/log_query.h"
#include "query/metric_query.h"

namespace logi::query {

Labels merged_labels(const Labels& stream, const std::vector<LabelPair>& metadata) {
    if (metadata.empty()) {
        return stream;
    }
    auto pairs = stream.pairs();
    for (const auto& pair : metadata) {
        const bool collides = !stream.get(pair.name).empty();
        pairs.push_back({collides ? pair.name + "_extracted" : pair.name, pair.value});
    }
    return Labels::from_pairs(std::move(pairs));
}

StatusOr<TimeRange> time_range(const Request& request) {
    LOGI_ASSIGN_OR_RETURN(const logql::ExprPtr expr, logql::parse(request.query));
    if (std::holds_alternative<logql::LogExpr>(expr->node)) {
        return TimeRange{request.start, request.end};
    }
    const Steps steps = steps_of(request);
    // Without a leaf nothing is read.
    TimeRange range{Timestamp::max(), Timestamp::min()};
    for_each_range(*expr, [&](const logql::RangeAggregation& leaf) {
        range.start = std::min(range.start, steps.first - leaf.offset - leaf.range);
        range.end = std::max(range.end, steps.at(steps.count - 1) - leaf.offset + Duration{1});
    });
    return range;
}

void run(io::Executor& executor,
         exec::Sources sources,
         Request request,
         const Limits& limits,
         io::CancelToken cancel,
         std::function<void(StatusOr<Result>)> done) {
    auto parsed = logql::parse(request.query);
    if (!parsed.ok()) {
        done(parsed.status());
        return;
    }
    const std::shared_ptr<const logql::Expr> expr = *std::move(parsed);
    const auto* log = std::get_if<logql::LogExpr>(&expr->node);
    if (log == nullptr) {
        run_metric_query(
            executor, std::move(sources), request, expr, limits, cancel, std::move(done));
        return;
    }
    if (request.instant) {
        done(absl::InvalidArgumentError(
            "log queries are not supported as an instant query type, please "
            "change your query to a range query type"));
        return;
    }
    auto spec = scan_spec(*log, request.start, request.end - Duration{1});
    if (!spec.ok()) {
        done(spec.status());
        return;
    }
    run_log_query(executor, std::move(sources), request, *std::move(spec), cancel, std::move(done));
}

}  // namespace logi::query
