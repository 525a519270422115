// The stages of a pipeline as functions.
#pragma once

#include "needed.h"

#include <functional>

namespace logi::reference {

// An entry on its way.
struct Line {
    Timestamp time;
    std::string text;
    EntryLabels labels;
};

// False: the entry is dropped.
using Stage = std::function<bool(Line&)>;

// Each an error if its regular expression, pattern, template … is wrong.
StatusOr<Stage> make_line_filter(const logql::LineFilterStage& stage);
StatusOr<Stage> make_label_filter(const logql::LabelFilter& filter);
StatusOr<Stage> make_json(const logql::JsonStage& stage, const Needed& needed);
StatusOr<Stage> make_logfmt(const logql::LogfmtStage& stage, const Needed& needed);
StatusOr<Stage> make_pattern(const logql::PatternStage& stage, const Needed& needed);
StatusOr<Stage> make_regexp(const logql::RegexpStage& stage, const Needed& needed);
Stage make_unpack(const Needed& needed);
StatusOr<Stage> make_line_format(const logql::LineFormatStage& stage, Timestamp now);
StatusOr<Stage> make_label_format(const logql::LabelFormatStage& stage, Timestamp now);
Stage make_decolorize();
Stage make_drop(const logql::DropStage& stage);
Stage make_keep(const logql::KeepStage& stage);

// A label's value as a number, for unwrap; else the text of the error.
struct Converted {
    std::optional<double> value;
    std::string error;
};
Converted convert(logql::Unwrap::Conversion conversion, const std::string& text);

}  // namespace logi::reference
