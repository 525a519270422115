// Groups as YAML, read and written as Loki's ruler does.
#pragma once

#include "base/status.h"
#include "rule/group.h"

#include <cstdint>
#include <string>
#include <vector>

namespace logi::rule {

// Of all groups of a tenant together, as text.
inline constexpr std::size_t kRulesBytesMax = 8U << 20U;

// One group; unknown keys are passed over. kInvalidArgument for what is no YAML of a group, or more
// than kRulesBytesMax.
StatusOr<Group> parse_group(const std::string& yaml);

// A file of Prometheus' layout: `groups: […]`.
StatusOr<std::vector<Group>> parse_rule_file(const std::string& yaml);

[[nodiscard]] std::string group_yaml(const Group& group);
// A map of namespaces to lists of groups.
[[nodiscard]] std::string namespaces_yaml(const Namespaces& namespaces);

// A tenant's groups as an object of the bucket, with the ids of the last changes.
[[nodiscard]] std::string encode_rules(const Namespaces& namespaces,
                                       const std::vector<std::uint64_t>& changes);
struct StoredRules {
    Namespaces namespaces;
    std::vector<std::uint64_t> changes;
};
// kDataLoss for what is none.
StatusOr<StoredRules> decode_rules(const std::string& object);

}  // namespace logi::rule
