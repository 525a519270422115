// What rules must be like.
#pragma once

#include "base/status.h"
#include "model/ruler_limits.h"
#include "rule/group.h"

#include <string>
#include <vector>

namespace logi::rule {

// What is wrong with a group, in Loki's words; empty: nothing.
[[nodiscard]] std::vector<std::string> problems_of(const Group& group);

// Whether a tenant may have them. kInvalidArgument with Loki's text.
Status check_limits(const Namespaces& namespaces, const Group& changed, const RulerLimits& limits);

}  // namespace logi::rule
