// Rules that rewrite labels.
#include "config/sections.h"
#include "config/setters.h"
#include "relabel/relabel.h"

namespace logi::config {
namespace {

RelabelOptions read_rule(const YAML::Node& node) {
    RelabelOptions o;
    std::int64_t modulus = 0;
    read_keys(node,
              "a rule of relabel_configs",
              {{"source_labels", set(o.source_labels)},
               {"separator", set(o.separator)},
               {"regex", set(o.regex)},
               {"modulus", set_count(modulus)},
               {"target_label", set(o.target_label)},
               {"replacement",
                [&](const YAML::Node& v) {
                    o.replacement = v.IsNull() ? "" : scalar<std::string>(v, "a text");
                }},
               {"action", set(o.action)}});
    o.modulus = static_cast<std::uint64_t>(modulus);
    checked(node, RelabelRule::make(o));
    return o;
}

}  // namespace

Setter set_relabel(std::vector<RelabelOptions>& rules) {
    return [&rules](const YAML::Node& list) {
        rules.clear();
        if (!list.IsNull()) {
            read_list(
                list, "rules", [&](const YAML::Node& item) { rules.push_back(read_rule(item)); });
        }
    };
}

}  // namespace logi::config
