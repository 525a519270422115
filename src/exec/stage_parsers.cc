// Parsers: json, logfmt, pattern, regexp, unpack.
#include "exec/stage.h"
#include "fields/json_expressions.h"
#include "fields/json_parser.h"
#include "fields/logfmt_expressions.h"
#include "fields/logfmt_parser.h"
#include "fields/pattern_parser.h"
#include "fields/regexp_parser.h"
#include "fields/unpack_parser.h"

#include <algorithm>

namespace logi::exec {
namespace {

// Puts the fields that a parser finds among the labels of an entry.
class LabelSink final : public fields::FieldSink {
  public:
    LabelSink(EntryLabels& labels, const NeededLabels& needed) : labels_(labels), needed_(needed) {}

    bool add(std::string_view name, std::string_view value) override {
        const std::string_view label = labels_.field_name(name);
        if (!needed_.wants(label)) {
            return true;
        }
        labels_.extract(label, value);
        return !needed_.satisfied(labels_);
    }
    bool set(std::string_view name, std::string_view value) override {
        const std::string_view label = labels_.field_name(name);
        labels_.extract_over(label, value);
        return !needed_.satisfied(labels_);
    }
    void set_missing(std::string_view name, bool keep_extracted) override {
        if (labels_.field_name(name) == name && !(keep_extracted && labels_.extracted(name))) {
            labels_.set(name, "");
        }
    }
    [[nodiscard]] bool wants(std::string_view name) const override {
        const std::string_view label = labels_.field_name(name);
        return needed_.wants(label) && !labels_.extracted(label);
    }
    [[nodiscard]] bool wants_prefix(std::string_view prefix) const override {
        return needed_.all() ||
               std::any_of(needed_.names().begin(),
                           needed_.names().end(),
                           [prefix](const std::string& name) { return name.starts_with(prefix); });
    }

  private:
    EntryLabels& labels_;
    const NeededLabels& needed_;
};

// The only errors that a query can ask for as series: those of other stages fail it all the same.
void note_error(const fields::ParseError& error, const NeededLabels& needed, EntryLabels& labels) {
    if (error.ok()) {
        return;
    }
    labels.set_error(error.kind, error.details);
    if (needed.preserves_errors()) {
        labels.set(kPreserveErrorLabel, "true");
    }
}

// What a parser would find.
fields::ParseError give(const Stage& parser,
                        const OutlinedLine& line,
                        fields::FieldSink& sink,
                        fields::Scratch& scratch) {
    const OutlinedLine::Found found = line.found_by(parser);
    for (const fields::OutlineField* field : found.fields) {
        if (!fields::give(*field, sink, [&] { return line.value(*field, scratch); })) {
            return {};
        }
    }
    return found.error;
}

template <typename Parser>
class ParserStage final : public Stage {
  public:
    ParserStage(Parser parser, NeededLabels needed)
        : parser_(std::move(parser)), needed_(std::move(needed)) {}
    bool process(Entry& entry) const override {
        if (needed_.satisfied(entry.labels)) {
            return true;
        }
        LabelSink sink(entry.labels, needed_);
        if constexpr (kOutlines) {
            if (entry.outlined != nullptr) {
                note_error(
                    give(*this, *entry.outlined, sink, entry.scratch), needed_, entry.labels);
                return true;
            }
        }
        if constexpr (requires { parser_.parse(entry.line, sink); }) {
            parser_.parse(entry.line, sink);
        } else if constexpr (std::is_void_v<decltype(parser_.parse(
                                 entry.line, sink, entry.scratch))>) {
            parser_.parse(entry.line, sink, entry.scratch);
        } else {
            note_error(parser_.parse(entry.line, sink, entry.scratch), needed_, entry.labels);
        }
        return true;
    }
    [[nodiscard]] bool outlines() const override { return kOutlines; }
    [[nodiscard]] bool replaces_fields() const override {
        return std::is_same_v<Parser, fields::JsonExpressions> ||
               std::is_same_v<Parser, fields::LogfmtExpressions>;
    }
    [[nodiscard]] std::optional<fields::Outline> outline(
        absl::Span<const std::string_view> pieces,
        absl::Span<const fields::HoleHint> hints) const override {
        if constexpr (kLooksAtHints) {
            return parser_.outline(pieces, hints);
        } else if constexpr (kOutlines) {
            return parser_.outline(pieces);
        }
        return std::nullopt;
    }
    [[nodiscard]] bool looks_at_hints() const override { return kLooksAtHints; }

  private:
    static constexpr bool kLooksAtHints = requires(const Parser& p) { p.outline({}, {}); };
    static constexpr bool kOutlines = kLooksAtHints || requires(const Parser& p) { p.outline({}); };

    const Parser parser_;
    const NeededLabels needed_;
};

class UnpackStage final : public Stage {
  public:
    explicit UnpackStage(NeededLabels needed) : needed_(std::move(needed)) {}
    bool process(Entry& entry) const override {
        if (needed_.satisfied(entry.labels)) {
            return true;
        }
        LabelSink sink(entry.labels, needed_);
        if (entry.outlined != nullptr) {
            note_error(give(*this, *entry.outlined, sink, entry.scratch), needed_, entry.labels);
            return true;
        }
        note_error(parser_.parse(entry.line, entry.unpacked_line, sink, entry.scratch),
                   needed_,
                   entry.labels);
        return true;
    }

    [[nodiscard]] bool makes_line() const override { return true; }
    [[nodiscard]] bool outlines() const override { return true; }
    [[nodiscard]] std::optional<fields::Outline> outline(
        absl::Span<const std::string_view> pieces,
        absl::Span<const fields::HoleHint>) const override {
        return parser_.outline(pieces);
    }

  private:
    const fields::UnpackParser parser_{};
    const NeededLabels needed_;
};

std::vector<fields::Extraction> as_fields(const std::vector<logql::Extraction>& extractions) {
    std::vector<fields::Extraction> out;
    for (const auto& e : extractions) {
        out.push_back({e.name, e.path});
    }
    return out;
}

// Null, for nothing to do, when no label is needed at all.
template <typename Parser>
StagePtr stage(Parser parser, const NeededLabels& needed) {
    if (!needed.any()) {
        return nullptr;
    }
    return std::make_unique<ParserStage<Parser>>(std::move(parser), needed);
}

}  // namespace

StatusOr<StagePtr> make_json(const logql::JsonStage& json, const NeededLabels& needed) {
    if (json.extractions.empty()) {
        return stage(fields::JsonParser(), needed);
    }
    LOGI_ASSIGN_OR_RETURN(auto parser,
                          fields::JsonExpressions::compile(as_fields(json.extractions)));
    return stage(std::move(parser), needed);
}

StatusOr<StagePtr> make_logfmt(const logql::LogfmtStage& logfmt, const NeededLabels& needed) {
    const fields::LogfmtParser::Options options{logfmt.strict, logfmt.keep_empty};
    if (logfmt.extractions.empty()) {
        return stage(fields::LogfmtParser(options), needed);
    }
    LOGI_ASSIGN_OR_RETURN(
        auto parser, fields::LogfmtExpressions::compile(as_fields(logfmt.extractions), options));
    return stage(std::move(parser), needed);
}

StatusOr<StagePtr> make_pattern(const logql::PatternStage& pattern, const NeededLabels& needed) {
    LOGI_ASSIGN_OR_RETURN(auto parser, fields::PatternParser::compile(pattern.pattern));
    return stage(std::move(parser), needed);
}

StatusOr<StagePtr> make_regexp(const logql::RegexpStage& regexp, const NeededLabels& needed) {
    LOGI_ASSIGN_OR_RETURN(auto parser, fields::RegexpParser::compile(regexp.regex));
    return stage(std::move(parser), needed);
}

StagePtr make_unpack(const NeededLabels& needed) {
    return needed.any() ? std::make_unique<UnpackStage>(needed) : nullptr;
}

}  // namespace logi::exec
