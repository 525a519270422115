// line_format, label_format, decolorize.
#include "absl/strings/str_cat.h"
#include "exec/stage.h"
#include "fields/decolorize.h"
#include "template/template.h"

namespace logi::exec {
namespace {

constexpr std::string_view kTemplateError = "TemplateFormatErr";

using TemplatePtr = std::shared_ptr<const tmpl::Template>;

bool reads_named_labels_only(const tmpl::Template& made) {
    return !made.reads_all_labels() && !made.reads_time();
}

class EntryContext : public tmpl::Context {
  public:
    EntryContext(const Entry& entry, Timestamp now)
        : entry_(entry), now_(entry.now.value_or(now)) {}
    [[nodiscard]] std::optional<std::string_view> label(std::string_view name) const override {
        return entry_.labels.get(name);
    }
    void all_labels(
        std::vector<std::pair<std::string_view, std::string_view>>& out) const override {
        std::vector<MetadataView> labels;
        entry_.labels.sorted(labels);
        for (const auto& label : labels) {
            out.emplace_back(label.name, label.value);
        }
    }
    [[nodiscard]] std::string_view line() const override { return entry_.line; }
    [[nodiscard]] Timestamp time() const override { return entry_.time; }
    [[nodiscard]] Timestamp now() const override { return now_; }

  private:
    const Entry& entry_;
    const Timestamp now_;
};

class LineFormat final : public Stage {
  public:
    LineFormat(TemplatePtr made, Timestamp now)
        : template_(std::move(made)),
          now_(now),
          only_details_(template_->single_field() == kErrorDetailsLabel),
          named_labels_only_(exec::reads_named_labels_only(*template_)) {}
    [[nodiscard]] bool reads_line() const override { return template_->reads_line(); }
    [[nodiscard]] bool makes_line() const override { return true; }
    [[nodiscard]] bool reads_named_labels_only() const override { return named_labels_only_; }
    bool process(Entry& entry) const override {
        entry.next_line.clear();
        if (only_details_) {
            entry.replace_line();
            return true;
        }
        const Status status = template_->execute(EntryContext(entry, now_), entry.next_line);
        if (status.ok()) {
            entry.replace_line();
        } else {
            entry.labels.set_error(kTemplateError, message_of(status));
        }
        return true;
    }

  private:
    const TemplatePtr template_;
    const Timestamp now_;
    // Loki looks up the label of a template that is one field where details of errors are not.
    const bool only_details_;
    const bool named_labels_only_;
};

// All templates of one stage see the labels as they were when the first of them ran.
class SnapshotContext final : public EntryContext {
  public:
    SnapshotContext(const Entry& entry, Timestamp now) : EntryContext(entry, now) {
        std::vector<MetadataView> labels;
        entry.labels.sorted(labels);
        for (const auto& label : labels) {
            labels_.push_back({std::string(label.name), std::string(label.value)});
        }
    }
    [[nodiscard]] std::optional<std::string_view> label(std::string_view name) const override {
        for (const auto& pair : labels_) {
            if (pair.name == name) {
                return pair.value;
            }
        }
        return std::nullopt;
    }
    void all_labels(
        std::vector<std::pair<std::string_view, std::string_view>>& out) const override {
        for (const auto& pair : labels_) {
            out.emplace_back(pair.name, pair.value);
        }
    }

  private:
    std::vector<LabelPair> labels_;
};

class LabelFormat final : public Stage {
  public:
    struct Assignment {
        std::string name;
        std::string source;  // of a rename, or the template's text
        TemplatePtr text;    // null for a rename
    };
    LabelFormat(std::vector<Assignment> assignments, Timestamp now)
        : assignments_(std::move(assignments)), now_(now) {
        for (const auto& assignment : assignments_) {
            if (assignment.text != nullptr) {
                ++templates_;
                reads_line_ = reads_line_ || assignment.text->reads_line();
                named_labels_only_ =
                    named_labels_only_ && exec::reads_named_labels_only(*assignment.text);
            }
        }
    }
    [[nodiscard]] bool reads_line() const override { return reads_line_; }
    [[nodiscard]] bool reads_named_labels_only() const override { return named_labels_only_; }

    bool process(Entry& entry) const override {
        std::optional<SnapshotContext> snapshot;
        const EntryContext current(entry, now_);
        for (const auto& assignment : assignments_) {
            if (assignment.text == nullptr) {
                rename(assignment, entry.labels);
                continue;
            }
            if (templates_ > 1 && !snapshot.has_value()) {
                snapshot.emplace(entry, now_);
            }
            const tmpl::Context& context =
                snapshot.has_value() ? static_cast<const tmpl::Context&>(*snapshot) : current;
            std::string value;
            const Status status = assignment.text->execute(context, value);
            if (status.ok()) {
                entry.labels.set(assignment.name, value);
            } else {
                entry.labels.set_error(kTemplateError, message_of(status));
            }
        }
        return true;
    }

  private:
    static void rename(const Assignment& assignment, EntryLabels& labels) {
        const auto value = labels.get(assignment.source);
        if (value.has_value()) {
            labels.set(assignment.name, *value);
            labels.erase(assignment.source);
        }
    }

    const std::vector<Assignment> assignments_;
    const Timestamp now_;
    std::size_t templates_ = 0;
    bool reads_line_ = false;
    bool named_labels_only_ = true;
};

class Decolorize final : public Stage {
  public:
    bool process(Entry& entry) const override {
        const std::string_view line = fields::decolorize(entry.line, entry.next_line);
        if (line.data() == entry.next_line.data()) {
            entry.replace_line();
        } else {
            entry.line = line;
        }
        return true;
    }
};

StatusOr<TemplatePtr> parse_template(const logql::LineFormatStage& stage) {
    auto parsed = tmpl::Template::parse("line", stage.text, tmpl::logql_functions());
    if (!parsed.ok()) {
        return absl::InvalidArgumentError(
            absl::StrCat("invalid line template: ", parsed.status().message()));
    }
    return parsed;
}

StatusOr<TemplatePtr> parse_template(const logql::LabelFormatStage::Assignment& assignment) {
    auto parsed = tmpl::Template::parse("label", assignment.value, tmpl::logql_functions());
    if (!parsed.ok()) {
        return absl::InvalidArgumentError(absl::StrCat(
            "invalid template for label '", assignment.name, "': ", parsed.status().message()));
    }
    return parsed;
}

}  // namespace

StatusOr<StagePtr> make_line_format(const logql::LineFormatStage& stage, Timestamp now) {
    LOGI_ASSIGN_OR_RETURN(TemplatePtr text, parse_template(stage));
    return std::make_unique<LineFormat>(std::move(text), now);
}

StatusOr<StagePtr> make_label_format(const logql::LabelFormatStage& stage, Timestamp now) {
    std::vector<LabelFormat::Assignment> assignments;
    for (const auto& a : stage.assignments) {
        LabelFormat::Assignment made{a.name, a.value, nullptr};
        if (!a.rename) {
            LOGI_ASSIGN_OR_RETURN(made.text, parse_template(a));
        }
        assignments.push_back(std::move(made));
    }
    return std::make_unique<LabelFormat>(std::move(assignments), now);
}

Status add_labels_read(const logql::LineFormatStage& stage, std::vector<std::string>& names) {
    LOGI_ASSIGN_OR_RETURN(const TemplatePtr text, parse_template(stage));
    names.insert(names.end(), text->fields().begin(), text->fields().end());
    return absl::OkStatus();
}

Status add_labels_read(const logql::LabelFormatStage& stage, std::vector<std::string>& names) {
    for (const auto& a : stage.assignments) {
        if (a.rename) {
            names.push_back(a.value);
            continue;
        }
        LOGI_ASSIGN_OR_RETURN(const TemplatePtr text, parse_template(a));
        names.insert(names.end(), text->fields().begin(), text->fields().end());
    }
    return absl::OkStatus();
}

StagePtr make_decolorize() {
    return std::make_unique<Decolorize>();
}

}  // namespace logi::exec
