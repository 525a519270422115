#include "exec/column_plan.h"

#include "exec/entry_labels.h"

#include <algorithm>

namespace logi::exec {
ColumnPlan::ColumnPlan(std::vector<const Stage*> outlining,
                       NeededLabels stops_at,
                       std::vector<std::string> looked_at,
                       bool looks_at_all)
    : parsers(std::move(outlining)),
      outlines(parsers),
      needed(std::move(stops_at)),
      all_labels(looks_at_all),
      labels(std::move(looked_at)),
      class_labels(labels) {
    class_labels.insert(class_labels.end(), needed.names().begin(), needed.names().end());
    std::sort(class_labels.begin(), class_labels.end());
    class_labels.erase(std::unique(class_labels.begin(), class_labels.end()), class_labels.end());
    for (const std::string& name : class_labels) {
        if (name.ends_with(kExtracted)) {
            stems.push_back(name.substr(0, name.size() - kExtracted.size()));
        }
    }
}

bool ColumnPlan::looks_at(std::string_view label) const {
    return all_labels || is_among(labels, label);
}

bool ColumnPlan::looks_at_metadata(std::string_view name) const {
    return all_labels || is_among(class_labels, name) || is_among(stems, name) ||
           name == kErrorLabel || name == kErrorDetailsLabel || name == kPreserveErrorLabel;
}

StatusOr<bool> ColumnPlan::looks_at_metadata_of(block::BlockReader& block) const {
    LOGI_ASSIGN_OR_RETURN(const auto names, block.metadata_names());
    return !names.has_value() ||
           std::any_of(names->begin(), names->end(), [this](std::string_view name) {
               return looks_at_metadata(name);
           });
}

}  // namespace logi::exec
