#include "fields/hinted_fields.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "fields/json_path.h"
#include "fields/line_kind.h"
#include "fields/logfmt_scanner.h"
#include "fields/names.h"

namespace logi::fields {
namespace {

// Takes values of expressions that are named by their numbers.
class ValueSink : public FieldSink {
  public:
    explicit ValueSink(std::vector<std::string>& values) : values_(values) {}
    bool add(std::string_view name, std::string_view value) override { return set(name, value); }
    bool set(std::string_view name, std::string_view value) override {
        std::size_t number = 0;
        if (absl::SimpleAtoi(absl::string_view(name.data(), name.size()), &number)) {
            values_[number] = value;
        }
        return true;
    }
    void set_missing(std::string_view, bool) override {}

  private:
    std::vector<std::string>& values_;
};

// A hint that is no path is the name of a field.
std::string path_of(const std::string& hint) {
    return parse_json_path(hint).ok() ? hint : absl::StrCat("[", go_quote(hint), "]");
}

std::optional<JsonExpressions> expressions_of(const std::vector<std::string>& hints) {
    std::vector<Extraction> extractions;
    for (std::size_t i = 0; i < hints.size(); ++i) {
        extractions.push_back({absl::StrCat(i), path_of(hints[i])});
    }
    auto compiled = JsonExpressions::compile(extractions);
    return compiled.ok() ? std::optional(*std::move(compiled)) : std::nullopt;
}

}  // namespace

HintedFields::HintedFields(const std::map<std::string, std::vector<std::string>>& hints) {
    for (const auto& [name, some] : hints) {
        const std::size_t begin = hints_.size();
        hints_.insert(hints_.end(), some.begin(), some.end());
        targets_.push_back({name, begin, hints_.size()});
    }
    paths_ = expressions_of(hints_);
}

std::vector<HintedFields::Found> HintedFields::find(const Labels& labels,
                                                    absl::Span<const MetadataView> metadata,
                                                    std::string_view line,
                                                    Scratch& scratch) const {
    std::vector<Found> found;
    std::optional<std::vector<std::string>> of_line;
    for (const Target& target : targets_) {
        std::string value(value_beside(target, labels, metadata));
        if (value.empty()) {
            if (!of_line.has_value()) {
                of_line = values_in(line, scratch);
            }
            for (std::size_t i = target.begin; i < target.end && value.empty(); ++i) {
                value = (*of_line)[i];
            }
        }
        if (!value.empty()) {
            found.push_back({target.name, std::move(value)});
        }
    }
    return found;
}

std::string_view HintedFields::value_beside(const Target& target,
                                            const Labels& labels,
                                            absl::Span<const MetadataView> metadata) const {
    const absl::Span<const std::string> hints =
        absl::MakeConstSpan(hints_).subspan(target.begin, target.end - target.begin);
    for (const auto& hint : hints) {
        if (const std::string_view value = labels.get(hint); !value.empty()) {
            return value;
        }
    }
    for (const auto& hint : hints) {
        for (const auto& pair : metadata) {
            if (pair.name == hint && !pair.value.empty()) {
                return pair.value;
            }
        }
    }
    return {};
}

std::vector<std::string> HintedFields::values_in(std::string_view line, Scratch& scratch) const {
    std::vector<std::string> values(hints_.size());
    if (looks_like_json(line)) {
        ValueSink sink(values);
        if (paths_.has_value()) {
            paths_->parse(trim_space(line), sink, scratch);
        }
    } else if (line.find('=') != std::string_view::npos) {
        LogfmtScanner scanner(line, scratch.value);
        while (scanner.next()) {
            for (std::size_t i = 0; i < hints_.size(); ++i) {
                if (values[i].empty() && equals_ignoring_case(scanner.key(), hints_[i])) {
                    values[i] = scanner.value();
                }
            }
        }
    }
    return values;
}

}  // namespace logi::fields
