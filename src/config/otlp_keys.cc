// otlp_config of a tenant.
#include "config/sections.h"
#include "config/setters.h"

namespace logi::config {
namespace {

OtlpAction action_of(const YAML::Node& value) {
    const auto name = scalar<std::string>(value, "an action");
    if (name == "index_label") {
        return OtlpAction::kIndexLabel;
    }
    if (name == "structured_metadata") {
        return OtlpAction::kStructuredMetadata;
    }
    if (name != "drop") {
        refuse(value, "expected index_label, structured_metadata or drop");
    }
    return OtlpAction::kDrop;
}

Setter set_rules(std::vector<OtlpAttributeRule>& rules) {
    return [&rules](const YAML::Node& node) {
        rules.clear();
        read_list(
            node, "{action, attributes} or {action, regex}", [&rules](const YAML::Node& item) {
                OtlpAttributeRule rule;
                read_keys(item,
                          "a rule of otlp_config",
                          {{"action",
                            [&](const YAML::Node& v) {
                                rule.action = action_of(v);
                            }},
                           {"attributes",
                            [&](const YAML::Node& v) {
                                rule.attributes =
                                    scalar<std::vector<std::string>>(v, "a list of names");
                            }},
                           {"regex", [&](const YAML::Node& v) {
                                rule.regex = scalar<std::string>(v, "a regular expression");
                            }}});
                if (rule.attributes.empty() == rule.regex.empty()) {
                    refuse(item, "a rule has either 'attributes' or 'regex'");
                }
                rules.push_back(std::move(rule));
            });
    };
}

}  // namespace

Setter set_otlp(OtlpConfig& otlp) {
    return [&otlp](const YAML::Node& node) {
        read_keys(node,
                  "otlp_config",
                  {{"resource_attributes",
                    [&](const YAML::Node& v) {
                        read_keys(v,
                                  "resource_attributes",
                                  {{"ignore_defaults", set(otlp.ignore_resource_defaults)},
                                   {"attributes_config", set_rules(otlp.resource_attributes)}});
                    }},
                   {"scope_attributes", set_rules(otlp.scope_attributes)},
                   {"log_attributes", set_rules(otlp.log_attributes)},
                   {"severity_text_as_label", set(otlp.severity_text_as_label)}});
    };
}

}  // namespace logi::config
