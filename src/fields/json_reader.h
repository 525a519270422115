// A lenient reader of JSON: looks at no more than it must, takes what log lines hold (text behind
// the object, a comma before the closing brace, numbers of any shape), and is strict about the rest
// exactly where Loki is.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace logi::fields {

enum class JsonType : unsigned char { kString, kNumber, kBoolean, kNull, kArray, kObject };

enum class JsonError : unsigned char {
    kNone,
    kSyntax,
    kString,
    kArray,
    kObject,
    kType,
    kEscape,
    kDepth,
};

// What Loki says about it in __error_details__.
[[nodiscard]] std::string_view json_error_text(JsonError error);

struct JsonValue {
    JsonType type = JsonType::kNull;
    // As it stands in the line; of a string what is between the quotes, with its escapes.
    std::string_view text;
    bool escaped = false;  // a string with a backslash in it
};

struct JsonMember {
    std::string_view key;  // unescaped
    JsonValue value;
};

// Offset of the first byte at or after `from` that is no JSON white space, or text.size().
[[nodiscard]] std::size_t skip_json_space(std::string_view text, std::size_t from);

// Offset of the quote that closes a string whose first character is at `from`, or npos.
[[nodiscard]] std::size_t json_string_end(std::string_view text, std::size_t from, bool& escaped);

// Offset behind the bracket that closes the one at `from`, or npos. Only brackets of this kind
// outside of strings count.
[[nodiscard]] std::size_t json_block_end(std::string_view text,
                                         std::size_t from,
                                         char open,
                                         char close);

// Reads the value at `at`, with white space before it, and moves `at` behind it.
JsonError read_json_value(std::string_view text, std::size_t& at, JsonValue& value);

// `text` with its escapes resolved, appended to nothing: `out` is overwritten. False: a bad escape,
// or half of a surrogate pair.
bool json_unescape(std::string_view text, std::string& out);

// The members of one object in their order; a key may come again.
class JsonObjectReader {
  public:
    // `text` holds the object after white space and before anything. Keys with escapes are resolved
    // into `key_buffer`.
    JsonObjectReader(std::string_view text, std::string& key_buffer)
        : text_(text), key_buffer_(key_buffer) {}

    // False at the end of the object and at an error.
    bool next(JsonMember& member);
    [[nodiscard]] JsonError error() const { return error_; }

  private:
    enum class Place : unsigned char { kStart, kAfterMember };
    bool fail(JsonError error) {
        error_ = error;
        return false;
    }
    // Moves to the next member; false at the end or an error.
    bool go_to_member();
    bool read_key(JsonMember& member);

    std::string_view text_;
    std::string& key_buffer_;
    std::size_t at_ = 0;
    Place place_ = Place::kStart;
    JsonError error_ = JsonError::kNone;
};

}  // namespace logi::fields
