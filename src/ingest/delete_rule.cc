#include "ingest/delete_rule.h"

#include "base/log.h"

namespace logi::ingest {

StatusOr<std::shared_ptr<const exec::HideRule>> compile_delete(
    const catalog::DeleteRequest& request) {
    return exec::HideRule::make(
        request.query, request.created_at, request.first, request.last, request.arrived);
}

std::vector<std::shared_ptr<const exec::HideRule>> rules_of_head(
    const std::vector<std::shared_ptr<const exec::HideRule>>& rules, std::uint64_t journal) {
    std::vector<std::shared_ptr<const exec::HideRule>> some;
    std::copy_if(rules.begin(), rules.end(), std::back_inserter(some), [&](const auto& rule) {
        return rule->arrived.empty() || rule->arrived.contains(journal);
    });
    return some;
}

std::shared_ptr<const DeleteRules::OfSnapshot> DeleteRules::of(const catalog::Snapshot& snapshot) {
    const base::MutexLock lock(mutex_);
    if (newest_rules_ != nullptr && newest_ == snapshot.number) {
        return newest_rules_;
    }
    auto rules = std::make_shared<OfSnapshot>();
    std::map<std::string, std::shared_ptr<const exec::HideRule>> compiled;
    for (const auto& request : snapshot.deletes) {
        if (!request.pending()) {
            continue;
        }
        auto& rule = compiled[request.id];
        if (const auto it = compiled_.find(request.id); it != compiled_.end()) {
            rule = it->second;
            if (rule != nullptr && rule->arrived != request.arrived) {
                // A journal has come since, which it does not cover.
                auto changed = std::make_shared<exec::HideRule>(*rule);
                changed->arrived = request.arrived;
                rule = std::move(changed);
            }
        } else if (auto made = compile_delete(request); made.ok()) {
            rule = *std::move(made);
        } else {
            base::log_error("a delete request has no effect",
                            {{"id", request.id}, {"error", std::string(made.status().message())}});
        }
        if (rule == nullptr) {
            rules->broken.push_back(request.id);
            continue;
        }
        rules->by_id[request.id] = rule;
        rules->pending.push_back(rule);
        if (request.due()) {
            rules->due.push_back(rule);
        }
    }
    if (newest_rules_ == nullptr || snapshot.number > newest_) {
        compiled_ = std::move(compiled);
        newest_ = snapshot.number;
        newest_rules_ = rules;
    }
    return rules;
}

}  // namespace logi::ingest
