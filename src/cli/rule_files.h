// Files of rule groups, as lokitool takes them, and as the ruler's API has them.
#pragma once

#include "base/status.h"

#include <map>
#include <string>
#include <vector>

namespace logi::cli {

// One group.
struct RuleGroup {
    std::string yaml;       // as it is sent
    std::string canonical;  // the same for groups that say the same
    std::size_t rules = 0;
    std::vector<std::string> problems;  // what a ruler would refuse, one sentence each
};
using RuleGroups = std::map<std::string, RuleGroup>;       // by name
using RuleNamespaces = std::map<std::string, RuleGroups>;  // by name

// Of `namespace: NAME` and `groups: […]`, perhaps several documents. A file without a namespace has
// its own name without .yaml. Folders: their *.yaml and *.yml files. kInvalidArgument, with the
// file, for what is no such file and for groups that are there twice; kNotFound.
StatusOr<RuleNamespaces> read_rule_files(const std::vector<std::string>& paths);

// What the ruler lists: a map of namespaces to groups. kInvalidArgument for anything else.
StatusOr<RuleNamespaces> parse_rule_list(const std::string& yaml);
// One group, as the ruler gives it.
StatusOr<RuleGroup> parse_rule_group(const std::string& yaml);

// As a rule file.
[[nodiscard]] std::string rule_file_text(const std::string& name, const RuleGroups& groups);

}  // namespace logi::cli
