#include "query/spread.h"

#include "query/log_query.h"
#include "query/metric_query.h"
#include "query/pieces.h"
#include "query/split_logs.h"

namespace logi::query {
namespace {

bool drops_rows(const logql::LogExpr& log) {
    return std::any_of(log.stages.begin(), log.stages.end(), [](const logql::Stage& stage) {
        return std::holds_alternative<logql::LineFilterStage>(stage) ||
               std::holds_alternative<logql::LabelFilterStage>(stage);
    });
}

}  // namespace

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
    // The newest lines, if none are left out, are in a few blocks.
    const Wanted wanted{
        log->matchers, query.range.start, query.range.end - Duration{1}, drops_rows(*log)};
    find_pieces(
        *executor,
        *spread,
        wanted,
        cancel,
        [executor, spread, query = std::move(query), limits, cancel, done = std::move(done)](
            StatusOr<std::vector<Piece>> pieces) {
            if (!pieces.ok()) {
                done(pieces.status());
            } else if (pieces->size() == 1) {
                run(*executor, spread->all(), query, limits, cancel, done);
            } else {
                run_split_logs(executor, spread, *std::move(pieces), query, limits, cancel, done);
            }
        });
}

}  // namespace logi::query
