#include "wire/otlp_rules.h"

#include "absl/strings/str_cat.h"
#include "regex/regex.h"

namespace logi::wire {

OtlpRules::OtlpRules() = default;
OtlpRules::~OtlpRules() = default;
OtlpRules::OtlpRules(const OtlpRules&) = default;
OtlpRules& OtlpRules::operator=(const OtlpRules&) = default;
OtlpRules::OtlpRules(OtlpRules&&) noexcept = default;
OtlpRules& OtlpRules::operator=(OtlpRules&&) noexcept = default;

StatusOr<OtlpRules::Rules> OtlpRules::compile(const std::vector<OtlpAttributeRule>& rules,
                                              const char* of) {
    Rules out;
    for (const auto& rule : rules) {
        if (rule.attributes.empty() == rule.regex.empty()) {
            return absl::InvalidArgumentError(
                absl::StrCat("otlp_config: ", of, ": a rule has either 'attributes' or 'regex'"));
        }
        Rule compiled{rule.action, {rule.attributes.begin(), rule.attributes.end()}, nullptr};
        if (!rule.regex.empty()) {
            auto regex =
                regex::Regex::compile(rule.regex, {.dot_matches_newline = true, .anchored = true});
            if (!regex.ok()) {
                return absl::InvalidArgumentError(
                    absl::StrCat("otlp_config: ", of, ": ", std::string(regex.status().message())));
            }
            compiled.regex = *std::move(regex);
        }
        out.push_back(std::move(compiled));
    }
    return out;
}

StatusOr<OtlpRules> OtlpRules::of(const OtlpConfig& config) {
    OtlpRules rules;
    for (const auto& rule : config.scope_attributes) {
        if (rule.action == OtlpAction::kIndexLabel) {
            return absl::InvalidArgumentError(
                "otlp_config: scope_attributes: attributes of scopes cannot be index labels");
        }
    }
    std::vector<OtlpAttributeRule> resource;
    if (!config.ignore_resource_defaults && !config.default_index_labels.empty()) {
        resource.push_back({OtlpAction::kIndexLabel, config.default_index_labels, ""});
    }
    resource.insert(
        resource.end(), config.resource_attributes.begin(), config.resource_attributes.end());
    LOGI_ASSIGN_OR_RETURN(rules.resource_, compile(resource, "resource_attributes"));
    LOGI_ASSIGN_OR_RETURN(rules.scope_, compile(config.scope_attributes, "scope_attributes"));
    LOGI_ASSIGN_OR_RETURN(rules.record_, compile(config.log_attributes, "log_attributes"));
    rules.severity_text_is_label_ = config.severity_text_as_label;
    return rules;
}

OtlpAction OtlpRules::first(const Rules& rules, std::string_view name) {
    for (const Rule& rule : rules) {
        if (rule.regex != nullptr ? rule.regex->matches(name)
                                  : rule.names.contains(std::string(name))) {
            return rule.action;
        }
    }
    return OtlpAction::kStructuredMetadata;
}

OtlpAction OtlpRules::of_resource(std::string_view name) const {
    return first(resource_, name);
}

OtlpAction OtlpRules::of_scope(std::string_view name) const {
    return first(scope_, name);
}

OtlpAction OtlpRules::of_record(std::string_view name) const {
    return first(record_, name);
}

}  // namespace logi::wire
