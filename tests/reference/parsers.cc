// json, logfmt, pattern, regexp, unpack: what a line means is for src/fields to say; what becomes
// of the fields is said here.
#include "fields/json_expressions.h"
#include "fields/json_parser.h"
#include "fields/logfmt_expressions.h"
#include "fields/logfmt_parser.h"
#include "fields/pattern_parser.h"
#include "fields/regexp_parser.h"
#include "fields/unpack_parser.h"
#include "stages.h"

namespace logi::reference {
namespace {

class Sink final : public fields::FieldSink {
  public:
    Sink(EntryLabels& labels, const Needed& needed) : labels_(labels), needed_(needed) {}

    // The first that was extracted stays.
    bool add(std::string_view field, std::string_view value) override {
        const std::string name = labels_.field_name(std::string(field));
        if (needed_.wants(name) && !labels_.extracted(name)) {
            labels_.set_extracted(name, std::string(value));
        }
        return !needed_.satisfied_by(labels_);
    }
    // The last one stays.
    bool set(std::string_view field, std::string_view value) override {
        labels_.set_extracted(labels_.field_name(std::string(field)), std::string(value));
        return !needed_.satisfied_by(labels_);
    }
    void set_missing(std::string_view field, bool keep_extracted) override {
        const std::string name(field);
        const bool taken = labels_.field_name(name) != name;
        if (!taken && !(keep_extracted && labels_.extracted(name))) {
            labels_.set_parsed(name, "");
        }
    }
    [[nodiscard]] bool wants(std::string_view field) const override {
        return needed_.wants(labels_.field_name(std::string(field)));
    }
    [[nodiscard]] bool wants_prefix(std::string_view prefix) const override {
        return needed_.wants_inside(std::string(prefix));
    }

  private:
    EntryLabels& labels_;
    const Needed& needed_;
};

void note_error(const fields::ParseError& error, const Needed& needed, EntryLabels& labels) {
    if (error.ok()) {
        return;
    }
    labels.set_error(std::string(error.kind), std::string(error.details));
    if (needed.preserves_errors()) {
        labels.set_parsed(kPreserveError, "true");
    }
}

template <typename Parse>
Stage stage(const Needed& needed, Parse parse) {
    return [needed, parse](Line& line) {
        if (!needed.satisfied_by(line.labels)) {
            Sink sink(line.labels, needed);
            fields::Scratch scratch;
            note_error(parse(line, sink, scratch), needed, line.labels);
        }
        return true;
    };
}

std::vector<fields::Extraction> extractions_of(const std::vector<logql::Extraction>& list) {
    std::vector<fields::Extraction> out;
    for (const auto& e : list) {
        out.push_back({e.name, e.path});
    }
    return out;
}

}  // namespace

StatusOr<Stage> make_json(const logql::JsonStage& json, const Needed& needed) {
    if (json.extractions.empty()) {
        return stage(needed, [](Line& line, Sink& sink, fields::Scratch& scratch) {
            return fields::JsonParser().parse(line.text, sink, scratch);
        });
    }
    LOGI_ASSIGN_OR_RETURN(const auto parser,
                          fields::JsonExpressions::compile(extractions_of(json.extractions)));
    return stage(needed, [parser](Line& line, Sink& sink, fields::Scratch& scratch) {
        return parser.parse(line.text, sink, scratch);
    });
}

StatusOr<Stage> make_logfmt(const logql::LogfmtStage& logfmt, const Needed& needed) {
    const fields::LogfmtParser::Options options{logfmt.strict, logfmt.keep_empty};
    if (logfmt.extractions.empty()) {
        return stage(needed, [options](Line& line, Sink& sink, fields::Scratch& scratch) {
            return fields::LogfmtParser(options).parse(line.text, sink, scratch);
        });
    }
    LOGI_ASSIGN_OR_RETURN(
        const auto parser,
        fields::LogfmtExpressions::compile(extractions_of(logfmt.extractions), options));
    return stage(needed, [parser](Line& line, Sink& sink, fields::Scratch& scratch) {
        return parser.parse(line.text, sink, scratch);
    });
}

StatusOr<Stage> make_pattern(const logql::PatternStage& pattern, const Needed& needed) {
    LOGI_ASSIGN_OR_RETURN(const auto parser, fields::PatternParser::compile(pattern.pattern));
    return stage(needed, [parser](Line& line, Sink& sink, fields::Scratch&) {
        parser.parse(line.text, sink);
        return fields::ParseError();
    });
}

StatusOr<Stage> make_regexp(const logql::RegexpStage& regexp, const Needed& needed) {
    LOGI_ASSIGN_OR_RETURN(const auto parser, fields::RegexpParser::compile(regexp.regex));
    return stage(needed, [parser](Line& line, Sink& sink, fields::Scratch& scratch) {
        parser.parse(line.text, sink, scratch);
        return fields::ParseError();
    });
}

Stage make_unpack(const Needed& needed) {
    return stage(needed, [](Line& line, Sink& sink, fields::Scratch& scratch) {
        std::string_view text = line.text;
        std::string buffer;
        const auto error = fields::UnpackParser().parse(text, buffer, sink, scratch);
        line.text = std::string(text);
        return error;
    });
}

}  // namespace logi::reference
