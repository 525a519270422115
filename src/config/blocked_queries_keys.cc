// blocked_queries of a tenant.
#include "absl/strings/str_split.h"
#include "config/sections.h"

namespace logi::config {
namespace {

// A list, or, as Loki has it, a text with commas.
std::vector<std::string> types_of(const YAML::Node& value) {
    const std::vector<std::string> types =
        value.IsSequence() ? scalar<std::vector<std::string>>(value, "a list of types")
                           : std::vector<std::string>(absl::StrSplit(
                                 scalar<std::string>(value, "types"), ',', absl::SkipEmpty()));
    for (const std::string& type : types) {
        if (type != "metric" && type != "filter" && type != "limited") {
            refuse(value, "expected types of metric, filter, limited");
        }
    }
    return types;
}

BlockedQuery rule_of(const YAML::Node& item) {
    BlockedQuery rule;
    read_keys(item,
              "a rule of blocked_queries",
              {{"pattern",
                [&](const YAML::Node& v) {
                    rule.pattern = scalar<std::string>(v, "a text");
                }},
               {"regex",
                [&](const YAML::Node& v) {
                    rule.regex = scalar<bool>(v, "true or false");
                }},
               {"hash",
                [&](const YAML::Node& v) {
                    rule.hash = scalar<std::uint32_t>(v, "a number of 32 bits");
                }},
               {"types",
                [&](const YAML::Node& v) {
                    rule.types = types_of(v);
                }},
               {"query_tags", [&](const YAML::Node& v) {
                    rule.query_tags =
                        scalar<std::map<std::string, std::string>>(v, "a map of texts");
                }}});
    return rule;
}

}  // namespace

Setter set_blocked_queries(std::vector<BlockedQuery>& rules) {
    return [&rules](const YAML::Node& node) {
        rules.clear();
        read_list(node, "{pattern, regex, hash, types, query_tags}", [&](const YAML::Node& item) {
            rules.push_back(rule_of(item));
        });
    };
}

}  // namespace logi::config
