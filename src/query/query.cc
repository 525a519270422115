#include "query/query.h"

#include "logql/parser.h"
#include "query/log_query.h"
#include "query/metric_query.h"
#include "query/rewrite.h"

namespace logi::query {

Labels all_labels(const LogRow& row) {
    if (row.metadata.empty() && row.parsed.empty()) {
        return *row.stream;
    }
    auto pairs = row.stream->pairs();
    pairs.insert(pairs.end(), row.metadata.begin(), row.metadata.end());
    pairs.insert(pairs.end(), row.parsed.begin(), row.parsed.end());
    return Labels::of_result(std::move(pairs));
}

StatusOr<Prepared> prepare(Request request) {
    LOGI_ASSIGN_OR_RETURN(logql::ExprPtr expr, logql::parse(request.query));
    expr = rewrite(std::move(expr));
    Prepared query{std::move(request), std::move(expr), {}, {}};
    query.length = query.request.end - query.request.start;
    if (!logql::is_log_query(*query.expr)) {
        if (query.request.logs_only) {
            return absl::InvalidArgumentError("only log selector is supported");
        }
        const auto range = time_of_leaves(*query.expr, steps_of(query.request));
        if (range.has_value()) {
            query.range = {range->start, range->end + Duration{1}};
            query.length.ns += longest_range(*query.expr).ns;
        }
    } else if (query.request.instant) {
        return absl::InvalidArgumentError(
            "log queries are not supported as an instant query type, please change your query to a "
            "range query type");
    } else {
        query.range = {query.request.start, query.request.end};
    }
    return query;
}

void run(io::Executor& executor,
         exec::Sources sources,
         Prepared query,
         const Limits& limits,
         io::CancelToken cancel,
         std::function<void(StatusOr<Result>)> done) {
    if (logql::is_log_query(*query.expr)) {
        run_log_query(executor,
                      std::move(sources),
                      query,
                      std::make_shared<exec::MemoryBudget>(limits.max_query_memory_bytes),
                      std::move(cancel),
                      std::move(done));
    } else {
        run_metric_query(executor,
                         std::move(sources),
                         query.request,
                         query.expr,
                         limits,
                         std::move(cancel),
                         std::move(done));
    }
}

}  // namespace logi::query
