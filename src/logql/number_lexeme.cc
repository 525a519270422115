#include "logql/number_lexeme.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace logi::logql {
namespace {

class NumberScanner {
  public:
    explicit NumberScanner(std::string_view text) : text_(text) {}

    NumberLexeme run() {
        const bool point_first = peek() == '.';
        if (!point_first) {
            prefix();
            digits(base_);
        }
        if (peek() == '.') {
            ++at_;
            float_ = true;
            if (prefix_ == 'o' || prefix_ == 'b') {
                fail(absl::StrCat("invalid radix point in ", literal_name()));
            }
            digits(base_);
        }
        if (!digits_seen_) {
            fail(absl::StrCat(literal_name(), " has no digits"));
        }
        exponent();
        if (!float_ && invalid_digit_ != 0) {
            fail(absl::StrCat(
                "invalid digit '", std::string(1, invalid_digit_), "' in ", literal_name()));
        }
        if (!separators_are_between_digits()) {
            fail("'_' must separate successive digits");
        }
        return {at_, std::move(problem_)};
    }

  private:
    [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
    [[nodiscard]] char lower() const {
        return absl::ascii_tolower(static_cast<unsigned char>(peek()));
    }

    void fail(std::string message) {
        if (problem_.empty()) {
            problem_ = std::move(message);
        }
    }

    [[nodiscard]] std::string literal_name() const {
        switch (prefix_) {
            case 'x':
                return "hexadecimal literal";
            case 'o':
            case '0':
                return "octal literal";
            default:
                return "decimal literal";  // Loki's scanner calls binary ones so, too
        }
    }

    void prefix() {
        if (peek() != '0') {
            return;
        }
        ++at_;
        prefix_ = lower();
        base_ = prefix_ == 'x' ? 16 : prefix_ == 'o' ? 8 : prefix_ == 'b' ? 2 : 0;
        if (base_ != 0) {
            ++at_;
            return;
        }
        prefix_ = '0';
        base_ = 8;
        digits_seen_ = true;
    }

    // Decimal digits that the base lacks are taken too, and are an error unless a point or an
    // exponent follows.
    void digits(int base) {
        for (;; ++at_) {
            const char c = lower();
            if (c == '_') {
                separators_ = true;
            } else if (base == 16 ? absl::ascii_isxdigit(static_cast<unsigned char>(c))
                                  : absl::ascii_isdigit(static_cast<unsigned char>(c))) {
                digits_seen_ = true;
                if (base < 10 && c - '0' >= base && invalid_digit_ == 0) {
                    invalid_digit_ = c;
                }
            } else {
                return;
            }
        }
    }

    // Go also looks for p behind decimal numbers, to refuse it; here it may begin the unit PB.
    void exponent() {
        const char e = lower();
        if (e != 'e' && (e != 'p' || prefix_ != 'x')) {
            if (prefix_ == 'x' && float_) {
                fail("hexadecimal mantissa requires a 'p' exponent");
            }
            return;
        }
        if (e == 'e' && prefix_ != 0 && prefix_ != '0') {
            fail(absl::StrCat("'", std::string(1, peek()), "' exponent requires decimal mantissa"));
        }
        ++at_;
        float_ = true;
        if (peek() == '+' || peek() == '-') {
            ++at_;
        }
        digits_seen_ = false;
        digits(10);
        if (!digits_seen_) {
            fail("exponent has no digits");
        }
    }

    // A prefix counts as a digit.
    [[nodiscard]] bool separators_are_between_digits() const {
        if (!separators_) {
            return true;
        }
        const bool prefixed = prefix_ == 'x' || prefix_ == 'o' || prefix_ == 'b';
        const auto is_digit = [&](std::size_t i) {
            const auto c = static_cast<unsigned char>(text_[i]);
            return absl::ascii_isdigit(c) || (prefix_ == 'x' && absl::ascii_isxdigit(c));
        };
        for (std::size_t i = 0; i < at_; ++i) {
            if (text_[i] != '_') {
                continue;
            }
            const bool after_digit = i > 0 && (is_digit(i - 1) || (prefixed && i == 2));
            if (!after_digit || i + 1 >= at_ || !is_digit(i + 1)) {
                return false;
            }
        }
        return true;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    char prefix_ = 0;
    int base_ = 10;
    bool float_ = false;
    bool digits_seen_ = false;
    bool separators_ = false;
    char invalid_digit_ = 0;
    std::string problem_;
};

}  // namespace

NumberLexeme scan_number(std::string_view text) {
    return NumberScanner(text).run();
}

}  // namespace logi::logql
