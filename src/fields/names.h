// How keys become label names and texts become label values.
#pragma once

#include <string>
#include <string_view>

namespace logi::fields {

// White space in the sense of Unicode, at both ends.
[[nodiscard]] std::string_view trim_space(std::string_view s);

// `key` without surrounding white space, each rune outside [A-Za-z0-9_] as one '_', and a '_'
// before a leading digit. Empty when nothing but white space is there. The result is `key` itself
// or lies in `buffer`.
[[nodiscard]] std::string_view sanitised_name(std::string_view key, std::string& buffer);

// Appends one part of a flattened name: '_' and the sanitised key; nothing if that is empty. Only
// the first part gets a '_' before a leading digit.
void append_name_part(std::string& name, std::string_view key);

// `value` with each byte of invalid UTF-8 and each U+FFFD replaced by a space. The result is
// `value` itself or lies in `buffer`; `value` may lie there already.
[[nodiscard]] std::string_view valid_value(std::string_view value, std::string& buffer);

}  // namespace logi::fields
