// by(…), without(…), on(…), ignoring(…).
#pragma once

#include "reference.h"

#include <algorithm>

namespace logi::reference {

inline LabelMap only(const LabelMap& labels, const std::vector<std::string>& names, bool named) {
    LabelMap out;
    for (const auto& [name, value] : labels) {
        if ((std::find(names.begin(), names.end(), name) != names.end()) == named) {
            out[name] = value;
        }
    }
    return out;
}

inline LabelMap grouped(const LabelMap& labels, const logql::Grouping& grouping) {
    return only(labels, grouping.labels, !grouping.without);
}

}  // namespace logi::reference
