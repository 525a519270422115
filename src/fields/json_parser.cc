#include "fields/json_parser.h"

#include "fields/json_reader.h"
#include "fields/json_text.h"
#include "fields/names.h"

namespace logi::fields {
namespace {

// One line. scratch.name holds the flattened name down to the current object.
class Walk {
  public:
    Walk(FieldSink& sink, Scratch& scratch) : sink_(sink), scratch_(scratch) {
        scratch_.name.clear();
        scratch_.path.clear();
    }

    // False: stop, because of an error or because the sink has enough.
    bool object(std::string_view text) {
        const std::size_t depth = scratch_.path.size();
        if (depth == kJsonDepthMax) {
            error_ = JsonError::kDepth;
            return false;
        }
        JsonObjectReader reader(text, scratch_.keys[depth]);
        JsonMember member;
        while (reader.next(member)) {
            scratch_.path.push_back(member.key);
            const bool go_on = take(member);
            scratch_.path.pop_back();
            if (!go_on) {
                return false;
            }
        }
        error_ = reader.error();
        return error_ == JsonError::kNone;
    }

    [[nodiscard]] JsonError error() const { return error_; }

  private:
    bool take(const JsonMember& member) {
        switch (member.value.type) {
            case JsonType::kNull:
            case JsonType::kArray:
                return true;
            case JsonType::kObject:
                return nested(member);
            default:
                return scalar(member);
        }
    }

    bool nested(const JsonMember& member) {
        const std::size_t prefix = scratch_.name.size();
        append_name_part(scratch_.name, member.key);
        const bool wanted = scratch_.name.empty() || sink_.wants_prefix(scratch_.name);
        const bool go_on = !wanted || object(member.value.text);
        scratch_.name.resize(prefix);
        return go_on;
    }

    bool scalar(const JsonMember& member) {
        const std::size_t prefix = scratch_.name.size();
        bool go_on = true;
        if (prefix == 0) {
            go_on = give(sanitised_name(member.key, scratch_.name), member.value);
        } else {
            append_name_part(scratch_.name, member.key);
            go_on = give(scratch_.name, member.value);
        }
        scratch_.name.resize(prefix);
        return go_on;
    }

    bool give(std::string_view name, const JsonValue& value) {
        if (name.empty() || !sink_.wants(name)) {
            return true;
        }
        const std::string_view text =
            value.type == JsonType::kString
                ? json_label_value(value.text, value.escaped, scratch_.value)
                : value.text;
        return sink_.add_at(scratch_.path, name, text);
    }

    FieldSink& sink_;
    Scratch& scratch_;
    JsonError error_ = JsonError::kNone;
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
    Walk walk(sink, scratch);
    if (walk.object(line) || walk.error() == JsonError::kNone) {
        return {};
    }
    return {kJsonError, json_error_text(walk.error())};
}

}  // namespace logi::fields
