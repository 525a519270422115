#include "query/spread.h"

#include "query/log_query.h"
#include "query/metric_query.h"
#include "query/pieces.h"
#include "query/split_logs.h"

namespace logi::query {

exec::Sources Spread::all() const {
    exec::Sources sources = here;
    for (const exec::Sources& of_part : opened) {
        sources.insert(sources.end(), of_part.begin(), of_part.end());
    }
    return sources;
}

void run_spread(std::shared_ptr<io::Executor> executor,
                std::shared_ptr<const Spread> spread,
                Prepared query,
                const Limits& limits,
                io::CancelToken cancel,
                std::function<void(StatusOr<Result>)> done) {
    const auto* const log = std::get_if<logql::LogExpr>(&query.expr->node);
    if (log == nullptr) {
        run_metric_query(std::move(executor),
                         std::move(spread),
                         query.request,
                         query.expr,
                         limits,
                         std::move(cancel),
                         std::move(done));
        return;
    }
    if (query.range.start >= query.range.end) {
        run(*executor, spread->all(), std::move(query), limits, cancel, std::move(done));
        return;
    }
    auto pieces =
        pieces_of(*spread, log->matchers, query.range.start, query.range.end - Duration{1});
    if (!pieces.ok()) {
        done(pieces.status());
    } else if (pieces->size() == 1) {
        run(*executor, spread->all(), std::move(query), limits, cancel, std::move(done));
    } else {
        run_split_logs(std::move(executor),
                       std::move(spread),
                       *std::move(pieces),
                       query,
                       limits,
                       cancel,
                       std::move(done));
    }
}

}  // namespace logi::query
