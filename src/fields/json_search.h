// Finding the value of a path in JSON text by scanning it once, without a check of what is passed
// over.
#pragma once

#include "absl/types/span.h"
#include "fields/json_path.h"
#include "fields/json_reader.h"

#include <string>
#include <string_view>

namespace logi::fields {

// Offset of the value, white space before it included, of `path` in `text`; 0 for an empty path,
// npos if it is not there. `key_buffer` is overwritten.
[[nodiscard]] std::size_t find_json_path(std::string_view text,
                                         absl::Span<const JsonPathPart> path,
                                         std::string& key_buffer);

// Walks over the elements of the array that begins at `from` as far as they can be read, and calls
// on_element(number, begin, end) for each. Returns the offset of the closing bracket, or of the
// defect.
template <typename OnElement>
std::size_t each_json_element(std::string_view text, std::size_t from, OnElement on_element) {
    std::size_t at = skip_json_space(text, from + 1);
    if (at == text.size()) {
        return from + 1;
    }
    if (text[at] == ']') {
        return at;
    }
    for (std::size_t number = 0;; ++number) {
        const std::size_t begin = at;
        JsonValue value;
        if (read_json_value(text, at, value) != JsonError::kNone) {
            return begin;
        }
        const std::size_t behind = at;
        on_element(number, begin, behind);
        at = skip_json_space(text, at);
        if (at == text.size()) {
            return behind;
        }
        if (text[at] != ',') {
            return at;
        }
        ++at;
    }
}

}  // namespace logi::fields
