#include "fields/json_reader.h"

#include "fields/byte_scan.h"

namespace logi::fields {
namespace {

constexpr std::size_t kUnclosed = std::string_view::npos;

bool is_json_space(char c) {
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

// Where a number, true, false or null ends.
std::size_t token_end(std::string_view text, std::size_t from) {
    std::size_t i = from;
    while (i < text.size() && !is_json_space(text[i]) && text[i] != ',' && text[i] != '}' &&
           text[i] != ']') {
        ++i;
    }
    return i;
}

JsonError read_token(std::string_view text, std::size_t& at, JsonValue& value) {
    const std::size_t end = token_end(text, at);
    value.text = text.substr(at, end - at);
    value.escaped = false;
    const char first = text[at];
    if ((first >= '0' && first <= '9') || first == '-') {
        value.type = JsonType::kNumber;
    } else if (value.text == "true" || value.text == "false") {
        value.type = JsonType::kBoolean;
    } else if (value.text == "null") {
        value.type = JsonType::kNull;
    } else {
        return JsonError::kType;
    }
    at = end;
    return JsonError::kNone;
}

JsonError read_block(std::string_view text, std::size_t& at, JsonValue& value) {
    const bool object = text[at] == '{';
    const std::size_t end = json_block_end(text, at, object ? '{' : '[', object ? '}' : ']');
    if (end == kUnclosed) {
        return object ? JsonError::kObject : JsonError::kArray;
    }
    value.type = object ? JsonType::kObject : JsonType::kArray;
    value.text = text.substr(at, end - at);
    value.escaped = false;
    at = end;
    return JsonError::kNone;
}

template <char kOpen, char kClose>
std::size_t block_end(std::string_view text, std::size_t from) {
    std::size_t depth = 0;
    for (std::size_t i = find_any<'"', kOpen, kClose>(text, from); i < text.size();
         i = find_any<'"', kOpen, kClose>(text, i + 1)) {
        if (text[i] == kOpen) {
            ++depth;
        } else if (text[i] == kClose) {
            if (--depth == 0) {
                return i + 1;
            }
        } else {
            bool escaped = false;
            i = json_string_end(text, i + 1, escaped);
            if (i == kUnclosed) {
                return kUnclosed;
            }
        }
    }
    return kUnclosed;
}

}  // namespace

std::string_view json_error_text(JsonError error) {
    switch (error) {
        case JsonError::kNone:
            return {};
        case JsonError::kSyntax:
            return "Malformed JSON error";
        case JsonError::kString:
            return "Value is string, but can't find closing '\"' symbol";
        case JsonError::kArray:
            return "Value is array, but can't find closing ']' symbol";
        case JsonError::kObject:
            return "Value looks like object, but can't find closing '}' symbol";
        case JsonError::kType:
            return "Unknown value type";
        case JsonError::kEscape:
            return "Encountered an invalid escape sequence in a string";
        case JsonError::kDepth:
            return "objects are nested too deeply";
    }
    return {};
}

std::size_t skip_json_space(std::string_view text, std::size_t from) {
    while (from < text.size() && is_json_space(text[from])) {
        ++from;
    }
    return from;
}

std::size_t json_string_end(std::string_view text, std::size_t from, bool& escaped) {
    escaped = false;
    for (std::size_t i = find_any<'"', '\\'>(text, from); i < text.size();
         i = find_any<'"', '\\'>(text, i + 2)) {
        if (text[i] == '"') {
            return i;
        }
        escaped = true;
    }
    return kUnclosed;
}

std::size_t json_block_end(std::string_view text, std::size_t from, char open, char close) {
    (void)close;
    return open == '{' ? block_end<'{', '}'>(text, from) : block_end<'[', ']'>(text, from);
}

JsonError read_json_value(std::string_view text, std::size_t& at, JsonValue& value) {
    at = skip_json_space(text, at);
    if (at == text.size()) {
        return JsonError::kSyntax;
    }
    if (text[at] == '"') {
        const std::size_t end = json_string_end(text, at + 1, value.escaped);
        if (end == kUnclosed) {
            return JsonError::kString;
        }
        value.type = JsonType::kString;
        value.text = text.substr(at + 1, end - at - 1);
        at = end + 1;
        return JsonError::kNone;
    }
    if (text[at] == '{' || text[at] == '[') {
        return read_block(text, at, value);
    }
    return read_token(text, at, value);
}

bool JsonObjectReader::go_to_member() {
    at_ = skip_json_space(text_, at_);
    if (place_ == Place::kStart) {
        if (at_ == text_.size() || text_[at_] != '{') {
            return fail(JsonError::kObject);
        }
        at_ = skip_json_space(text_, at_ + 1);
        if (at_ == text_.size()) {
            return fail(JsonError::kSyntax);
        }
    } else if (at_ == text_.size()) {
        return fail(JsonError::kArray);
    } else if (text_[at_] == ',') {
        at_ = skip_json_space(text_, at_ + 1);
        if (at_ == text_.size()) {
            return fail(JsonError::kArray);
        }
    } else if (text_[at_] != '}') {
        return fail(JsonError::kObject);
    }
    place_ = Place::kAfterMember;
    if (text_[at_] == '}') {
        return false;
    }
    return text_[at_] == '"' || fail(JsonError::kObject);
}

bool JsonObjectReader::read_key(JsonMember& member) {
    bool escaped = false;
    const std::size_t end = json_string_end(text_, at_ + 1, escaped);
    if (end == kUnclosed) {
        return fail(JsonError::kSyntax);
    }
    member.key = text_.substr(at_ + 1, end - at_ - 1);
    if (escaped) {
        if (!json_unescape(member.key, key_buffer_)) {
            return fail(JsonError::kEscape);
        }
        member.key = key_buffer_;
    }
    at_ = skip_json_space(text_, end + 1);
    if (at_ == text_.size() || text_[at_] != ':') {
        return fail(JsonError::kSyntax);
    }
    ++at_;
    return true;
}

bool JsonObjectReader::next(JsonMember& member) {
    if (!go_to_member() || !read_key(member)) {
        return false;
    }
    const JsonError error = read_json_value(text_, at_, member.value);
    return error == JsonError::kNone || fail(error);
}

}  // namespace logi::fields
