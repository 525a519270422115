#include "query/explain.h"

#include "logql/printer.h"
#include "query/log_query.h"
#include "query/metric_query.h"
#include "query/range_query.h"

namespace logi::query {

ReadPlan plan_of(const logql::LogExpr& log, const exec::Pipeline& pipeline) {
    ReadPlan plan;
    for (std::size_t i = 0; i < log.stages.size(); ++i) {
        auto& list = pipeline.pushed(i) ? plan.pushed : plan.row_by_row;
        list.push_back(logql::to_string(log.stages[i]));
        if (pipeline.by_columns(i)) {
            plan.by_columns.push_back(list.back());
        }
    }
    if (!pipeline.needed().all()) {
        plan.labels = pipeline.needed().names();
    }
    return plan;
}

StatusOr<std::vector<ReadPlan>> explain(const exec::Sources& sources, const Prepared& query) {
    std::vector<ReadPlan> plans;
    if (logql::is_log_query(*query.expr)) {
        LOGI_ASSIGN_OR_RETURN(ReadPlan plan, explain_log_query(sources, query));
        plans.push_back(std::move(plan));
    } else {
        for (const Leaf& leaf : leaves(*query.expr)) {
            const exec::Windows windows(
                steps_of(query.request), leaf.aggregation->range, leaf.aggregation->offset);
            LOGI_ASSIGN_OR_RETURN(
                ReadPlan plan,
                explain_range_query(sources, leaf, windows, PassOptions(query.request)));
            plans.push_back(std::move(plan));
        }
    }
    return plans;
}

}  // namespace logi::query
