#include "template/literal.h"

#include "absl/strings/str_cat.h"
#include "fields/conversions.h"
#include "template/number.h"
#include "template/quote.h"

namespace logi::tmpl {

StatusOr<Number> parse_number(std::string_view text) {
    const auto as_uint = parse_uint(text, 0);
    const auto as_int = parse_int(text, 0);
    if (as_int.ok()) {
        return Number{.is_int = true,
                      .is_uint = as_uint.ok() || as_int.value == 0,
                      .is_float = true,
                      .integer = as_int.value,
                      .real = static_cast<double>(as_int.value)};
    }
    if (as_uint.ok()) {
        return Number{
            .is_uint = true, .is_float = true, .real = static_cast<double>(as_uint.value)};
    }
    double real = 0;
    if (!fields::parse_go_float(text, real, nullptr)) {
        return absl::InvalidArgumentError(absl::StrCat("illegal number syntax: ", quote(text)));
    }
    if (text.find_first_of(".eEpP") == std::string_view::npos) {
        return absl::InvalidArgumentError(absl::StrCat("integer overflow: ", quote(text)));
    }
    Number number{.is_float = true, .real = real};
    const std::int64_t whole = truncate_to_int(real);
    if (static_cast<double>(whole) == real) {
        number.is_int = true;
        number.integer = whole;
    }
    return number;
}

StatusOr<Number> parse_char_literal(std::string_view text) {
    LOGI_ASSIGN_OR_RETURN(const char32_t rune, unquote_rune(text));
    return Number{.is_int = true,
                  .is_uint = true,
                  .is_float = true,
                  .integer = static_cast<std::int64_t>(rune),
                  .real = static_cast<double>(rune)};
}

}  // namespace logi::tmpl
