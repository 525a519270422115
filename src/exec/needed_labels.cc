#include "exec/needed_labels.h"

#include <algorithm>

namespace logi::exec {

NeededLabels::NeededLabels(const std::optional<logql::Grouping>& grouping,
                           std::vector<std::string> read)
    : all_(!grouping.has_value() || grouping->without) {
    if (all_) {
        return;
    }
    names_ = std::move(read);
    names_.insert(names_.end(), grouping->labels.begin(), grouping->labels.end());
    std::sort(names_.begin(), names_.end());
    names_.erase(std::unique(names_.begin(), names_.end()), names_.end());
    preserves_errors_ = wants(kErrorLabel);
}

bool NeededLabels::wants(std::string_view name) const {
    return all_ || std::find(names_.begin(), names_.end(), name) != names_.end();
}

bool NeededLabels::satisfied(const EntryLabels& labels) const {
    return !all_ && std::all_of(names_.begin(), names_.end(), [&](const std::string& name) {
        return labels.extracted(name);
    });
}

}  // namespace logi::exec
