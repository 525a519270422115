// line_format and label_format. What a template writes is for src/template to say.
#include "absl/strings/str_cat.h"
#include "template/template.h"
#include "templates.h"

#include <memory>

namespace logi::reference {
namespace {

using TemplatePtr = std::shared_ptr<const tmpl::Template>;

class EntryContext final : public tmpl::Context {
  public:
    EntryContext(const Line& line, LabelMap labels, Timestamp now)
        : line_(line), labels_(std::move(labels)), now_(now) {}
    [[nodiscard]] std::optional<std::string_view> label(std::string_view name) const override {
        const auto it = labels_.find(std::string(name));
        return it == labels_.end() ? std::nullopt : std::optional<std::string_view>(it->second);
    }
    void all_labels(
        std::vector<std::pair<std::string_view, std::string_view>>& out) const override {
        for (const auto& [name, value] : labels_) {
            out.emplace_back(name, value);
        }
    }
    [[nodiscard]] std::string_view line() const override { return line_.text; }
    [[nodiscard]] Timestamp time() const override { return line_.time; }
    [[nodiscard]] Timestamp now() const override { return now_; }

  private:
    const Line& line_;
    const LabelMap labels_;
    const Timestamp now_;
};

StatusOr<TemplatePtr> parse(const char* name, const std::string& text) {
    return tmpl::Template::parse(name, text, tmpl::logql_functions());
}

// Nothing, and an error of the entry, if the template fails.
std::optional<std::string> execute(const tmpl::Template& format,
                                   Line& line,
                                   const LabelMap& labels,
                                   Timestamp now) {
    std::string out;
    const Status status = format.execute(EntryContext(line, labels, now), out);
    if (status.ok()) {
        return out;
    }
    line.labels.set_error("TemplateFormatErr", std::string(message_of(status)));
    return std::nullopt;
}

}  // namespace

StatusOr<std::set<std::string>> labels_of_template(const std::string& text) {
    LOGI_ASSIGN_OR_RETURN(const TemplatePtr format, parse("line", text));
    return std::set<std::string>(format->fields().begin(), format->fields().end());
}

StatusOr<Stage> make_line_format(const logql::LineFormatStage& stage, Timestamp now) {
    LOGI_ASSIGN_OR_RETURN(const TemplatePtr format, parse("line", stage.text));
    // A template that is exactly one field is looked up like a label, and details are none.
    const bool details = format->single_field() == kErrorDetails;
    return [format, details, now](Line& line) {
        if (details) {
            line.text.clear();
        } else if (const auto text = execute(*format, line, line.labels.all(), now);
                   text.has_value()) {
            line.text = *text;
        }
        return true;
    };
}

StatusOr<Stage> make_label_format(const logql::LabelFormatStage& stage, Timestamp now) {
    std::vector<TemplatePtr> formats;
    for (const auto& assignment : stage.assignments) {
        TemplatePtr format;
        if (!assignment.rename) {
            LOGI_ASSIGN_OR_RETURN(format, parse("label", assignment.value));
        }
        formats.push_back(std::move(format));
    }
    return [assignments = stage.assignments, formats, now](Line& line) {
        // The labels that templates see: those there are when the first of them runs.
        std::optional<LabelMap> seen;
        for (std::size_t i = 0; i < assignments.size(); ++i) {
            const auto& assignment = assignments[i];
            if (assignment.rename) {
                if (const auto value = line.labels.get(assignment.value); value.has_value()) {
                    line.labels.set_parsed(assignment.name, *value);
                    line.labels.remove(assignment.value);
                }
                continue;
            }
            if (!seen.has_value()) {
                seen = line.labels.all();
            }
            if (const auto text = execute(*formats[i], line, *seen, now); text.has_value()) {
                line.labels.set_parsed(assignment.name, *text);
            }
        }
        return true;
    };
}

}  // namespace logi::reference
