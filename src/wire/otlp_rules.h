// The rules of an OtlpConfig, ready to be asked.
#pragma once

#include "absl/container/flat_hash_set.h"
#include "base/status.h"
#include "model/otlp_config.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace logi::regex {
class Regex;
}  // namespace logi::regex

namespace logi::wire {

// Immutable, safe from any thread.
class OtlpRules {
  public:
    // kInvalidArgument for an expression that does not parse, a rule without attributes and
    // expression or with both, and labels of scopes.
    static StatusOr<OtlpRules> of(const OtlpConfig& config);
    // Everything is metadata.
    OtlpRules();
    ~OtlpRules();
    OtlpRules(const OtlpRules&);
    OtlpRules& operator=(const OtlpRules&);
    OtlpRules(OtlpRules&&) noexcept;
    OtlpRules& operator=(OtlpRules&&) noexcept;

    // What becomes of an attribute of that name, as the client has it.
    [[nodiscard]] OtlpAction of_resource(std::string_view name) const;
    [[nodiscard]] OtlpAction of_scope(std::string_view name) const;
    [[nodiscard]] OtlpAction of_record(std::string_view name) const;
    [[nodiscard]] bool severity_text_is_label() const { return severity_text_is_label_; }

  private:
    struct Rule {
        OtlpAction action;
        absl::flat_hash_set<std::string> names;
        std::shared_ptr<const regex::Regex> regex;  // null: the names
    };
    using Rules = std::vector<Rule>;

    static StatusOr<Rules> compile(const std::vector<OtlpAttributeRule>& rules, const char* of);
    static OtlpAction first(const Rules& rules, std::string_view name);

    Rules resource_;
    Rules scope_;
    Rules record_;
    bool severity_text_is_label_ = false;
};

}  // namespace logi::wire
