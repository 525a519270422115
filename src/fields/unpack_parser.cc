#include "fields/unpack_parser.h"

#include "fields/json_reader.h"
#include "fields/json_text.h"
#include "fields/names.h"

namespace logi::fields {
namespace {

void keep_pair(const JsonMember& member, std::size_t count, Scratch& scratch) {
    const std::string_view name = sanitised_name(member.key, scratch.name);
    const std::string_view value =
        json_label_value(member.value.text, member.value.escaped, scratch.value);
    if (scratch.pairs.size() <= count) {
        scratch.pairs.emplace_back();
    }
    scratch.pairs[count].name.assign(name);
    scratch.pairs[count].value.assign(value);
}

}  // namespace

ParseError UnpackParser::parse(std::string_view& line,
                               std::string& line_buffer,
                               FieldSink& sink,
                               Scratch& scratch) const {
    if (line.empty()) {
        return {};
    }
    if (line[0] != '{') {
        return kNotPacked;
    }
    JsonObjectReader reader(line, scratch.keys[0]);
    JsonMember member;
    std::size_t count = 0;
    bool packed = false;
    while (reader.next(member)) {
        if (member.value.type != JsonType::kString) {
            continue;
        }
        if (member.key != kPackedEntry) {
            keep_pair(member, count++, scratch);
            continue;
        }
        packed = true;
        if (!json_unescape(member.value.text, scratch.line)) {
            return {kJsonError, json_error_text(JsonError::kEscape)};
        }
    }
    if (reader.error() != JsonError::kNone) {
        return {kJsonError, json_error_text(reader.error())};
    }
    if (!packed) {
        return {};
    }
    line_buffer.swap(scratch.line);
    line = line_buffer;
    // Backwards, since the first that is added stays.
    for (std::size_t i = count; i > 0; --i) {
        const auto& pair = scratch.pairs[i - 1];
        if (!pair.name.empty() && sink.wants(pair.name) && !sink.add(pair.name, pair.value)) {
            break;
        }
    }
    return {};
}

}  // namespace logi::fields
