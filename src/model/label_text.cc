// Reads {a="b", c="d"}, with the words of Prometheus' parser in its errors.
#include "absl/strings/str_cat.h"
#include "base/ascii.h"
#include "base/utf8.h"
#include "model/labels.h"

namespace logi {
namespace {

enum class Kind { kIdentifier, kString, kPunctuation, kEnd, kError };

struct Token {
    Kind kind = Kind::kEnd;
    std::string_view text;
    std::size_t at = 0;
    std::string error;
};

bool begins_name(char c) {
    return base::is_letter(c) || c == '_';
}
bool is_in_name(char c) {
    return begins_name(c) || base::is_digit(c);
}

class Lexer {
  public:
    explicit Lexer(std::string_view text) : text_(text) {}

    Token next() {
        while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) < 4) {
            ++at_;
        }
        begin_ = at_;
        if (at_ >= text_.size()) {
            return in_braces_ ? error("unexpected end of input inside braces")
                              : token(Kind::kEnd, 0);
        }
        const char c = text_[at_];
        if (begins_name(c)) {
            std::size_t n = 1;
            while (at_ + n < text_.size() &&
                   (is_in_name(text_[at_ + n]) || (!in_braces_ && text_[at_ + n] == ':'))) {
                ++n;
            }
            return token(Kind::kIdentifier, n);
        }
        if (c == '"' || c == '\'' || c == '`') {
            return string(c);
        }
        return punctuation(c);
    }

  private:
    Token token(Kind kind, std::size_t bytes) {
        at_ = begin_ + bytes;
        return {kind, text_.substr(begin_, bytes), begin_, {}};
    }
    Token error(std::string what) { return {Kind::kError, {}, begin_, std::move(what)}; }

    Token punctuation(char c) {
        if (c == '{' && !in_braces_) {
            in_braces_ = true;
            return token(Kind::kPunctuation, 1);
        }
        if (c == '}') {
            in_braces_ = false;
            return token(Kind::kPunctuation, 1);
        }
        const char after = begin_ + 1 < text_.size() ? text_[begin_ + 1] : '\0';
        if ((c == '=' && after == '~') || (c == '!' && (after == '=' || after == '~'))) {
            return token(Kind::kPunctuation, 2);
        }
        if (c == ',' || c == '=' || !in_braces_) {
            return token(Kind::kPunctuation, 1);
        }
        const std::size_t n = std::max<std::size_t>(base::utf8_length(text_.substr(begin_)), 1);
        const std::string quoted = go_quote(text_.substr(begin_, n));
        return error(absl::StrCat(
            "unexpected character inside braces: '", quoted.substr(1, quoted.size() - 2), "'"));
    }

    // Finds the end of a string and refuses what cannot be unquoted.
    Token string(char quote) {
        std::size_t i = at_ + 1;
        while (i < text_.size() && text_[i] != quote) {
            const std::size_t n = base::utf8_length(text_.substr(i));
            if (n == 0) {
                return error("invalid UTF-8 rune");
            }
            if (quote != '`' && text_[i] == '\n') {
                break;
            }
            i += n;
            if (quote != '`' && text_[i - n] == '\\' && i < text_.size()) {
                ++i;  // what is behind a backslash ends no string
            }
        }
        if (i >= text_.size() || text_[i] != quote) {
            return error(quote == '`' ? "unterminated raw string" : "unterminated quoted string");
        }
        return token(Kind::kString, i + 1 - begin_);
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t begin_ = 0;
    bool in_braces_ = false;
};

class Parser {
  public:
    explicit Parser(std::string_view text) : text_(text), lexer_(text) { advance(); }

    StatusOr<std::vector<LabelPair>> parse() {
        std::vector<LabelPair> pairs;
        if (token_.kind == Kind::kIdentifier) {
            pairs.push_back({"__name__", std::string(token_.text)});
            advance();
        }
        if (is("{")) {
            advance();
            LOGI_RETURN_IF_ERROR(parse_set(pairs));
        }
        if (token_.kind != Kind::kEnd) {
            return unexpected("");
        }
        return pairs;
    }

  private:
    Status parse_set(std::vector<LabelPair>& pairs) {
        while (!is("}")) {
            LOGI_RETURN_IF_ERROR(parse_pair(pairs));
            if (is(",")) {
                advance();
            } else if (!is("}")) {
                return unexpected(" in label set, expected \",\" or \"}\"");
            }
        }
        advance();
        return absl::OkStatus();
    }

    Status parse_pair(std::vector<LabelPair>& pairs) {
        LabelPair pair;
        if (token_.kind == Kind::kIdentifier) {
            pair.name = std::string(token_.text);
        } else if (token_.kind == Kind::kString) {
            LOGI_ASSIGN_OR_RETURN(pair.name, unquoted());
        } else {
            return unexpected(" in label set, expected identifier or \"}\"");
        }
        advance();
        if (!is("=")) {
            return unexpected(" in label set, expected \"=\"");
        }
        advance();
        if (token_.kind != Kind::kString) {
            return unexpected(" in label set, expected string");
        }
        LOGI_ASSIGN_OR_RETURN(pair.value, unquoted());
        advance();
        pairs.push_back(std::move(pair));
        return absl::OkStatus();
    }

    StatusOr<std::string> unquoted() {
        std::size_t length = 0;
        auto value = go_unquote_prefix(token_.text, length);
        if (!value.ok() || length != token_.text.size()) {
            return error(std::string(value.ok() ? "invalid string" : value.status().message()));
        }
        return value;
    }

    void advance() { token_ = lexer_.next(); }
    [[nodiscard]] bool is(std::string_view punctuation) const {
        return token_.kind == Kind::kPunctuation && token_.text == punctuation;
    }

    [[nodiscard]] Status unexpected(std::string_view where) const {
        constexpr std::size_t kShownMax = 10;
        if (token_.kind == Kind::kError) {
            return error(token_.error);
        }
        const char* kind = token_.kind == Kind::kIdentifier ? "identifier "
                           : token_.kind == Kind::kString   ? "string "
                                                            : "";
        const bool cut = token_.kind == Kind::kString && token_.text.size() > kShownMax;
        const std::string shown =
            token_.kind == Kind::kEnd
                ? "end of input"
                : go_quote(cut ? token_.text.substr(0, kShownMax) : token_.text) +
                      (cut ? "..." : "");
        return error(absl::StrCat("unexpected ", kind, shown, std::string(where)));
    }

    [[nodiscard]] Status error(const std::string& what) const {
        const std::string_view before = text_.substr(0, token_.at);
        const auto lines = std::count(before.begin(), before.end(), '\n');
        const std::size_t line_begin = before.rfind('\n') + 1;  // 0 when there is none
        return absl::InvalidArgumentError(
            absl::StrCat(lines + 1, ":", token_.at - line_begin + 1, ": parse error: ", what));
    }

    std::string_view text_;
    Lexer lexer_;
    Token token_;
};

}  // namespace

StatusOr<std::vector<LabelPair>> parse_label_pairs(std::string_view text) {
    return Parser(text).parse();
}

}  // namespace logi
