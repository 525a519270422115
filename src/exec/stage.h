// One stage of a pipeline, applied entry by entry.
#pragma once

#include "exec/entry_labels.h"
#include "exec/needed_labels.h"
#include "exec/outlined_line.h"
#include "fields/field_sink.h"
#include "logql/ast.h"
#include "regex/line_filter.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace logi::exec {

// An entry on its way through a pipeline. Used again for entry after entry, by one thread.
struct Entry {
    Timestamp time;
    std::optional<Timestamp> now;  // of templates; none: the query's
    std::string_view line;
    // Set: the line is not there, but this is, until a stage makes a new line.
    const OutlinedLine* outlined = nullptr;
    bool needs_line = false;  // an outlined line was not enough
    EntryLabels labels;

    // Gives the entry a new line, which `next_line` holds.
    void replace_line() {
        current_line.swap(next_line);
        line = current_line;
        outlined = nullptr;
    }
    std::string next_line;
    std::string current_line;
    std::string unpacked_line;
    fields::Scratch scratch;
};

// Immutable, safe from any thread.
class Stage {
  public:
    virtual ~Stage() = default;
    // False if the entry is dropped.
    virtual bool process(Entry& entry) const = 0;
    // Whether it looks at the line.
    [[nodiscard]] virtual bool reads_line() const { return true; }
    // Whether it makes a new line.
    [[nodiscard]] virtual bool makes_line() const { return false; }
    // Of a label filter: the labels that it looks at.
    [[nodiscard]] virtual const std::vector<std::string>* filters_on() const { return nullptr; }
    // Whether it looks, beside the line, only at the labels that labels_read() tells: not at the
    // time, nor at all labels.
    [[nodiscard]] virtual bool reads_named_labels_only() const { return true; }
    // A parser that can tell what it finds in lines of these pieces. Then process() takes what the
    // entry's outlined line says.
    [[nodiscard]] virtual bool outlines() const { return false; }
    // A parser whose fields replace those of the same name that were extracted before.
    [[nodiscard]] virtual bool replaces_fields() const { return false; }
    // `hints` are what the holes of some lines may hold; none if it does not look at them.
    [[nodiscard]] virtual std::optional<fields::Outline> outline(
        absl::Span<const std::string_view> pieces, absl::Span<const fields::HoleHint> hints) const {
        (void)pieces;
        (void)hints;
        return std::nullopt;
    }
    // A parser whose outlines are better for hints.
    [[nodiscard]] virtual bool looks_at_hints() const { return false; }
};

using StagePtr = std::unique_ptr<const Stage>;

// Each kInvalidArgument with Loki's text if the stage's regular expression, template … is wrong.
StatusOr<regex::LineFilter> compile_line_filter(const logql::LineFilterStage& stage);
StagePtr make_line_filter(regex::LineFilter filter);
StatusOr<StagePtr> make_label_filter(const logql::LabelFilter& filter);
StatusOr<StagePtr> make_json(const logql::JsonStage& stage, const NeededLabels& needed);
StatusOr<StagePtr> make_logfmt(const logql::LogfmtStage& stage, const NeededLabels& needed);
StatusOr<StagePtr> make_pattern(const logql::PatternStage& stage, const NeededLabels& needed);
StatusOr<StagePtr> make_regexp(const logql::RegexpStage& stage, const NeededLabels& needed);
StagePtr make_unpack(const NeededLabels& needed);
StatusOr<StagePtr> make_line_format(const logql::LineFormatStage& stage, Timestamp now);
StatusOr<StagePtr> make_label_format(const logql::LabelFormatStage& stage, Timestamp now);
StagePtr make_decolorize();
StagePtr make_drop(const logql::DropStage& stage);
StagePtr make_keep(const logql::KeepStage& stage);

// The names of labels that stages read, as Loki counts them: a parser that has found all of them
// stops.
void add_labels_read(const logql::LabelFilter& filter, std::vector<std::string>& names);
Status add_labels_read(const logql::LineFormatStage& stage, std::vector<std::string>& names);
Status add_labels_read(const logql::LabelFormatStage& stage, std::vector<std::string>& names);
StatusOr<std::vector<std::string>> labels_read(const logql::LogExpr& log,
                                               const std::optional<logql::Unwrap>& unwrap);

}  // namespace logi::exec
