// Runes, by the names that this module gives them.
#pragma once

#include "base/unicode.h"

namespace logi::tmpl {

using base::decode_last_rune;
using base::decode_rune;
using base::encode_rune;
using base::is_letter_or_digit;
using base::is_print;
using base::is_space;
using base::Rune;
using base::rune_count;
using base::rune_offset;
using base::to_lower;
using base::to_title;
using base::to_upper;
using base::trim_left;
using base::trim_right;
inline constexpr char32_t kReplacement = base::kRuneError;

}  // namespace logi::tmpl
