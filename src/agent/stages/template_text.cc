#include "agent/stages/template_text.h"

#include "agent/digest.h"
#include "template/frame.h"
#include "template/function.h"

#include <array>

namespace logi::agent {
namespace {

constexpr std::string_view kValue = "Value";
constexpr std::string_view kEntry = "Entry";

class EntryContext final : public tmpl::Context {
  public:
    EntryContext(const Entry& entry, std::optional<std::string_view> value)
        : entry_(entry), value_(value) {}

    [[nodiscard]] std::optional<std::string_view> label(std::string_view name) const override {
        if (name == kEntry) {
            return entry_.line;
        }
        return name == kValue && value_.has_value() ? value_ : entry_.extracted.find(name);
    }
    void all_labels(
        std::vector<std::pair<std::string_view, std::string_view>>& out) const override {
        entry_.extracted.list(out);
        std::erase_if(out, [this](const auto& pair) {
            return pair.first == kEntry || (pair.first == kValue && value_.has_value());
        });
        out.emplace_back(kEntry, entry_.line);
        if (value_.has_value()) {
            out.emplace_back(kValue, *value_);
        }
    }
    [[nodiscard]] std::string_view line() const override { return entry_.line; }
    [[nodiscard]] Timestamp time() const override { return entry_.time; }
    // The same when the entry is read again.
    [[nodiscard]] Timestamp now() const override { return entry_.read_time; }

  private:
    const Entry& entry_;
    std::optional<std::string_view> value_;
};

template <Digest Kind>
StatusOr<tmpl::Value> hash(tmpl::Frame& frame, absl::Span<const tmpl::Value> args) {
    return frame.string(
        hex_digest(Kind, std::string(args[0].as_string()) + std::string(args[1].as_string())));
}

constexpr std::array<tmpl::Function, 2> kHashes = {
    {{.name = "Hash", .call = hash<Digest::kSha3>, .signature = "ss"},
     {.name = "Sha2Hash", .call = hash<Digest::kSha256>, .signature = "ss"}}};

const tmpl::FunctionTable& functions() {
    static const tmpl::FunctionTable kFunctions{tmpl::builtin_functions(),
                                                tmpl::comparison_functions(),
                                                tmpl::string_functions(),
                                                tmpl::math_functions(),
                                                tmpl::time_functions(),
                                                tmpl::encoding_functions(),
                                                tmpl::regex_functions(),
                                                absl::MakeConstSpan(kHashes)};
    return kFunctions;
}

}  // namespace

StatusOr<TemplateText> TemplateText::parse(std::string_view text) {
    LOGI_ASSIGN_OR_RETURN(
        auto parsed,
        tmpl::Template::parse("pipeline_template", text, functions(), tmpl::MissingKey::kNoValue));
    return TemplateText(std::move(parsed));
}

Status TemplateText::execute(const Entry& entry,
                             std::optional<std::string_view> value,
                             std::string& out) const {
    return template_->execute(EntryContext(entry, value), out);
}

}  // namespace logi::agent
