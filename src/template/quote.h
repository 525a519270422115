// Go string and character literals, both ways.
#pragma once

#include "base/status.h"

#include <string>
#include <string_view>

namespace logi::tmpl {

// "…" with escapes, as strconv.Quote; with `ascii`, everything past ASCII is escaped too.
[[nodiscard]] std::string quote(std::string_view s, bool ascii = false);
// 'x', as strconv.QuoteRune.
[[nodiscard]] std::string quote_rune(char32_t rune, bool ascii = false);
// U+0041 'A'
[[nodiscard]] std::string describe_rune(char32_t rune);
// Whether `…` can hold it.
[[nodiscard]] bool can_backquote(std::string_view s);

// The value of a whole literal: "…" or `…`. kInvalidArgument with strconv's text.
StatusOr<std::string> unquote(std::string_view literal);
// The value of a whole literal 'x'. kInvalidArgument with Go's text.
StatusOr<char32_t> unquote_rune(std::string_view literal);

}  // namespace logi::tmpl
