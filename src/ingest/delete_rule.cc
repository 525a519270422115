#include "ingest/delete_rule.h"

#include "base/log.h"
#include "exec/pipeline.h"
#include "logql/parser.h"

namespace logi::ingest {

StatusOr<std::shared_ptr<const exec::HideRule>> compile_delete(
    const catalog::DeleteRequest& request) {
    LOGI_ASSIGN_OR_RETURN(const logql::LogExpr log,
                          logql::parse_log_query(request.query, logql::Selective::kAny));
    auto rule = std::make_shared<exec::HideRule>();
    rule->matchers = log.matchers;
    rule->first = request.first;
    rule->last = request.last;
    rule->arrived = request.arrived;
    if (!log.stages.empty()) {
        exec::Pipeline::Options options;
        options.now = request.created_at;
        LOGI_ASSIGN_OR_RETURN(rule->pipeline, exec::Pipeline::compile(log, std::move(options)));
    }
    return std::shared_ptr<const exec::HideRule>(std::move(rule));
}

template <typename Wanted>
DeleteRules::Rules DeleteRules::rules_of(const catalog::Snapshot& snapshot, Wanted wanted) {
    Rules rules;
    const base::MutexLock lock(mutex_);
    std::erase_if(compiled_, [&](const auto& item) {
        return std::none_of(snapshot.deletes.begin(),
                            snapshot.deletes.end(),
                            [&](const auto& request) { return request.id == item.first; });
    });
    for (const auto& request : snapshot.deletes) {
        if (!request.pending() || !wanted(request)) {
            continue;
        }
        auto& rule = compiled_[request.id];
        if (rule == nullptr) {
            auto compiled = compile_delete(request);
            if (!compiled.ok()) {
                base::log_error(
                    "a delete request has no effect",
                    {{"id", request.id}, {"error", std::string(compiled.status().message())}});
                continue;
            }
            rule = *std::move(compiled);
        }
        rules.push_back(rule);
    }
    return rules;
}

DeleteRules::Rules DeleteRules::pending(const catalog::Snapshot& snapshot) {
    return rules_of(snapshot, [](const auto&) { return true; });
}

DeleteRules::Rules DeleteRules::due(const catalog::Snapshot& snapshot) {
    return rules_of(snapshot, [](const auto& request) { return request.due(); });
}

}  // namespace logi::ingest
