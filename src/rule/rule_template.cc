#include "rule/rule_template.h"

#include "absl/strings/str_cat.h"
#include "rule/template_functions.h"
#include "template/context.h"
#include "template/value.h"

#include <array>
#include <vector>

namespace logi::rule {
namespace {

constexpr const char* kVariables =
    "{{$labels := .Labels}}{{$externalLabels := .ExternalLabels}}{{$externalURL := .ExternalURL}}"
    "{{$value := .Value}}";

class AlertContext final : public tmpl::Context {
  public:
    AlertContext(const Labels& labels, Timestamp now) : labels_(labels), now_(now) {}
    [[nodiscard]] std::optional<std::string_view> label(std::string_view name) const override {
        const LabelPair* const found = labels_.find(name);
        return found == nullptr ? std::nullopt : std::optional<std::string_view>(found->value);
    }
    void all_labels(
        std::vector<std::pair<std::string_view, std::string_view>>& out) const override {
        for (const LabelPair& pair : labels_.pairs()) {
            out.emplace_back(pair.name, pair.value);
        }
    }
    [[nodiscard]] std::string_view line() const override { return {}; }
    [[nodiscard]] Timestamp time() const override { return now_; }
    [[nodiscard]] Timestamp now() const override { return now_; }

  private:
    const Labels& labels_;
    const Timestamp now_;
};

}  // namespace

StatusOr<RuleTemplate> RuleTemplate::parse(const std::string& name, const std::string& text) {
    RuleTemplate parsed;
    if (text.find("{{") == std::string::npos) {
        parsed.plain_ = text;
        return parsed;
    }
    LOGI_ASSIGN_OR_RETURN(parsed.template_,
                          tmpl::Template::parse(name, kVariables + text, rule_functions()));
    return parsed;
}

std::string RuleTemplate::expand(const Labels& labels,
                                 double value,
                                 const TemplateData& data,
                                 Timestamp now) const {
    if (template_ == nullptr) {
        return plain_;
    }
    // One more than there are, so that there is an address also without any.
    std::vector<tmpl::MapEntry> external;
    external.reserve(data.external_labels.size() + 1);
    for (const auto& [name, text] : data.external_labels) {
        external.push_back({name, tmpl::Value::string(text)});
    }
    const std::array<tmpl::MapEntry, 4> entries = {{
        {"ExternalLabels", tmpl::Value::labels({external.data(), external.size()})},
        {"ExternalURL", tmpl::Value::string(data.external_url)},
        {"Labels", tmpl::Value::labels()},
        {"Value", tmpl::Value::float64(value)},
    }};
    std::string out;
    const Status status =
        template_->execute(AlertContext(labels, now), tmpl::Value::map(entries), out);
    return status.ok() ? out : absl::StrCat("<error expanding template: ", status.message(), ">");
}

}  // namespace logi::rule
