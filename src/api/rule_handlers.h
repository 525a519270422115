// Which rules a request may see.
#pragma once

#include "api/scope.h"
#include "rule/group.h"

namespace logi::api {

// A credential with a matcher sees the groups that are bound to it: those that it wrote.
[[nodiscard]] bool sees_group(const Scope& scope, const rule::Group& group);
[[nodiscard]] rule::Namespaces seen_groups(const Scope& scope, const rule::RuleSet& set);

}  // namespace logi::api
