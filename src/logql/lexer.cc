#include "logql/lexer.h"

#include "absl/strings/str_cat.h"
#include "model/labels.h"

#include <array>

namespace logi::logql {
namespace {

constexpr std::size_t kQueryBytesMax = 131072;
// Longest first.
constexpr std::array<std::string_view, 25> kPunctuation = {
    "|=", "|~", "!=", "!~", "|>", "!>", "=~", "==", ">=", "<=", "{", "}", "(",
    ")",  ",",  "=",  "|",  "+",  "-",  "*",  "/",  "%",  "^",  ">", "<"};

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

class Lexer {
  public:
    explicit Lexer(std::string_view text) : text_(text) {}

    StatusOr<std::vector<Token>> run() {
        while (true) {
            skip_space();
            Token token;
            token.line = line_;
            token.column = column();
            if (at_ >= text_.size()) {
                tokens_.push_back(token);
                return std::move(tokens_);
            }
            LOGI_RETURN_IF_ERROR(next(token));
            tokens_.push_back(std::move(token));
        }
    }

  private:
    [[nodiscard]] int column() const { return static_cast<int>(at_ - line_begin_) + 1; }

    void skip_space() {
        while (at_ < text_.size()) {
            const char c = text_[at_];
            if (c == '#') {
                while (at_ < text_.size() && text_[at_] != '\n') {
                    ++at_;
                }
            } else if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
                ++at_;
                if (c == '\n') {
                    ++line_;
                    line_begin_ = at_;
                }
            } else {
                return;
            }
        }
    }

    Status next(Token& token) {
        const char c = text_[at_];
        if (c == '"' || c == '`') {
            std::size_t length = 0;
            auto value = go_unquote_prefix(text_.substr(at_), length);
            if (!value.ok()) {
                return parse_error(token, message_of(value.status()));
            }
            token.kind = TokenKind::kString;
            token.text = *std::move(value);
            at_ += length;
            return absl::OkStatus();
        }
        if (c == '[') {
            const std::size_t end = text_.find(']', at_);
            if (end == std::string_view::npos) {
                return parse_error(token, "missing closing ']' in duration");
            }
            token.kind = TokenKind::kRange;
            token.text = std::string(text_.substr(at_ + 1, end - at_ - 1));
            at_ = end + 1;
            return absl::OkStatus();
        }
        if (is_letter(c)) {
            const std::size_t begin = at_;
            while (at_ < text_.size() && (is_letter(text_[at_]) || is_digit(text_[at_]))) {
                ++at_;
            }
            token.kind = TokenKind::kIdentifier;
            token.text = std::string(text_.substr(begin, at_ - begin));
            return absl::OkStatus();
        }
        if (is_digit(c) || (c == '.' && at_ + 1 < text_.size() && is_digit(text_[at_ + 1]))) {
            return number(token);
        }
        for (const auto p : kPunctuation) {
            if (text_.substr(at_).starts_with(p)) {
                token.kind = TokenKind::kPunctuation;
                token.text = std::string(p);
                at_ += p.size();
                return absl::OkStatus();
            }
        }
        return parse_error(token, absl::StrCat("syntax error: unexpected ", std::string(1, c)));
    }

    // A number, or a duration when units follow.
    Status number(Token& token) {
        const std::size_t begin = at_;
        bool units = false;
        while (at_ < text_.size()) {
            const char c = text_[at_];
            const bool exponent_sign = (c == '+' || c == '-') && at_ > begin &&
                                       (text_[at_ - 1] == 'e' || text_[at_ - 1] == 'E') && !units;
            if (is_letter(c)) {
                units = units || (c != 'e' && c != 'E');
            } else if (!is_digit(c) && c != '.' && !exponent_sign) {
                break;
            }
            ++at_;
        }
        token.kind = units ? TokenKind::kDuration : TokenKind::kNumber;
        token.text = std::string(text_.substr(begin, at_ - begin));
        return absl::OkStatus();
    }

    std::string_view text_;
    std::size_t at_ = 0;
    int line_ = 1;
    std::size_t line_begin_ = 0;
    std::vector<Token> tokens_;
};

}  // namespace

Status parse_error(const Token& at, std::string_view message) {
    return absl::InvalidArgumentError(absl::StrCat(
        "parse error at line ", at.line, ", col ", at.column, ": ", std::string(message)));
}

StatusOr<std::vector<Token>> lex(std::string_view query) {
    if (query.size() >= kQueryBytesMax) {
        return absl::InvalidArgumentError(absl::StrCat(
            "parse error : input size too long (", query.size(), " > ", kQueryBytesMax, ")"));
    }
    return Lexer(query).run();
}

}  // namespace logi::logql
