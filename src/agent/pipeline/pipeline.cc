#include "agent/pipeline/pipeline.h"

#include <algorithm>

namespace logi::agent {

Pipeline::Pipeline(const PipelineSpec& spec, const StageContext& context) {
    for (const auto& stage : spec.stages) {
        stages_.push_back({stage.name, stage.make(context)});
    }
}

Verdict Pipeline::run_from(std::size_t first, Entry& entry) {
    for (std::size_t i = first; i < stages_.size(); ++i) {
        const Verdict verdict = stages_[i].stage->process(entry);
        if (observer_) {
            observer_(stages_[i].name, verdict, entry);
        }
        if (verdict != Verdict::kPass) {
            return verdict;
        }
    }
    return Verdict::kPass;
}

bool Pipeline::release(Timestamp now, bool all, Entry& entry) {
    for (std::size_t i = 0; i < stages_.size(); ++i) {
        while (stages_[i].stage->release(now, all, entry)) {
            if (run_from(i + 1, entry) == Verdict::kPass) {
                return true;
            }
        }
    }
    return false;
}

std::optional<std::uint64_t> Pipeline::held_from() const {
    std::optional<std::uint64_t> first;
    for (const auto& [name, stage] : stages_) {
        if (const auto held = stage->held_from(); held.has_value()) {
            first = std::min(first.value_or(*held), *held);
        }
    }
    return first;
}

}  // namespace logi::agent
