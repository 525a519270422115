#include "fields/json_parser.h"

#include "fields/json_text.h"
#include "fields/json_walk.h"

namespace logi::fields {
namespace {

class SinkTaker {
  public:
    SinkTaker(FieldSink& sink, Scratch& scratch) : sink_(sink), scratch_(scratch) {}
    bool meets(const JsonMember& member) {
        (void)member;
        return true;
    }
    bool wants_prefix(std::string_view prefix) { return sink_.wants_prefix(prefix); }
    bool takes(std::string_view name, const JsonValue& value) {
        if (!sink_.wants(name)) {
            return true;
        }
        const std::string_view text =
            value.type == JsonType::kString
                ? json_label_value(value.text, value.escaped, scratch_.value)
                : value.text;
        return sink_.add_at(scratch_.path, name, text);
    }

  private:
    FieldSink& sink_;
    Scratch& scratch_;
};

}  // namespace

std::string_view json_label_value(std::string_view text, bool escaped, std::string& buffer) {
    if (!escaped) {
        return valid_value(text, buffer);
    }
    if (!json_unescape(text, buffer)) {
        return {};
    }
    return valid_value(buffer, buffer);
}

ParseError JsonParser::parse(std::string_view line, FieldSink& sink, Scratch& scratch) const {
    SinkTaker taker(sink, scratch);
    JsonWalk walk(taker, scratch);
    if (walk.object(line) || walk.error() == JsonError::kNone) {
        return {};
    }
    return {kJsonError, json_error_text(walk.error())};
}

}  // namespace logi::fields
