#include "template/lexer.h"

#include "absl/strings/str_cat.h"
#include "template/quote.h"
#include "template/utf8.h"

#include <algorithm>
#include <array>
#include <utility>

namespace logi::tmpl {
namespace {

constexpr std::string_view kLeft = "{{";
constexpr std::string_view kRight = "}}";
constexpr std::string_view kLeftComment = "/*";
constexpr std::string_view kRightComment = "*/";
constexpr std::string_view kSpaces = " \t\r\n";
constexpr std::string_view kDecimal = "0123456789_";
constexpr std::string_view kHex = "0123456789abcdefABCDEF_";

bool is_action_space(char c) {
    return kSpaces.find(c) != std::string_view::npos;
}

bool starts_with_trim(std::string_view s) {
    return s.size() >= 2 && s[0] == '-' && is_action_space(s[1]);
}

TokenKind keyword_kind(std::string_view word) {
    constexpr std::array<std::pair<std::string_view, TokenKind>, 13> kWords{{
        {"block", TokenKind::kBlock},
        {"break", TokenKind::kBreak},
        {"continue", TokenKind::kContinue},
        {"define", TokenKind::kDefine},
        {"else", TokenKind::kElse},
        {"end", TokenKind::kEndKeyword},
        {"false", TokenKind::kBool},
        {"if", TokenKind::kIf},
        {"nil", TokenKind::kNil},
        {"range", TokenKind::kRange},
        {"template", TokenKind::kTemplate},
        {"true", TokenKind::kBool},
        {"with", TokenKind::kWith},
    }};
    for (const auto& [text, kind] : kWords) {
        if (text == word) {
            return kind;
        }
    }
    return TokenKind::kIdentifier;
}

class Lexer {
  public:
    explicit Lexer(std::string_view text) : text_(text) {}

    std::vector<Token> run() {
        while (!failed_ && lex_text() && lex_left_delim()) {
            while (!failed_ && in_action_) {
                lex_in_action();
            }
        }
        if (!failed_) {
            emit(TokenKind::kEnd);
        }
        return std::move(tokens_);
    }

  private:
    [[nodiscard]] std::string_view rest() const { return text_.substr(at_); }
    [[nodiscard]] bool done() const { return at_ >= text_.size(); }

    void emit(TokenKind kind) {
        tokens_.push_back({kind,
                           static_cast<std::uint32_t>(start_),
                           start_line_,
                           std::string(text_.substr(start_, at_ - start_))});
        ignore();
    }
    // Begins the next token here.
    void ignore() {
        const std::string_view passed = text_.substr(start_, at_ - start_);
        start_line_ += static_cast<std::uint32_t>(std::count(passed.begin(), passed.end(), '\n'));
        start_ = at_;
    }
    void fail(std::string message) {
        tokens_.push_back({TokenKind::kError,
                           static_cast<std::uint32_t>(start_),
                           start_line_,
                           std::move(message)});
        failed_ = true;
    }

    // Text up to the next action; false at the end of the input.
    bool lex_text() {
        const std::size_t found = text_.find(kLeft, at_);
        const bool action = found != std::string_view::npos;
        const std::size_t end = action ? found : text_.size();
        at_ = end;
        if (action && starts_with_trim(text_.substr(found + kLeft.size()))) {
            while (at_ > start_ && is_action_space(text_[at_ - 1])) {
                --at_;
            }
        }
        if (at_ > start_) {
            emit(TokenKind::kText);
        }
        at_ = end;
        ignore();
        return action;
    }

    // At {{: the delimiter, or a whole comment. False only after an error.
    bool lex_left_delim() {
        at_ += kLeft.size();
        const std::size_t marker = starts_with_trim(rest()) ? 2 : 0;
        if (text_.substr(at_ + marker).starts_with(kLeftComment)) {
            at_ += marker;
            return lex_comment();
        }
        emit(TokenKind::kLeftDelim);
        at_ += marker;
        ignore();
        paren_depth_ = 0;
        in_action_ = true;
        return true;
    }

    bool lex_comment() {
        ignore();
        const std::size_t end = text_.find(kRightComment, at_ + kLeftComment.size());
        if (end == std::string_view::npos) {
            fail("unclosed comment");
            return false;
        }
        at_ = end + kRightComment.size();
        if (!at_right_delim()) {
            fail("comment ends before closing delimiter");
            return false;
        }
        pass_right_delim();
        ignore();
        return true;
    }

    [[nodiscard]] bool at_trimming_right_delim(std::size_t at) const {
        const std::string_view s = text_.substr(std::min(at, text_.size()));
        return s.size() >= 2 && is_action_space(s[0]) && s[1] == '-' &&
               s.substr(2).starts_with(kRight);
    }
    [[nodiscard]] bool at_right_delim() const {
        return rest().starts_with(kRight) || at_trimming_right_delim(at_);
    }
    // Moves behind }} or " -}}" and the space that the latter trims.
    void pass_right_delim() {
        const bool trim = at_trimming_right_delim(at_);
        at_ += kRight.size() + (trim ? 2 : 0);
        while (trim && !done() && is_action_space(text_[at_])) {
            ++at_;
        }
    }

    void lex_right_delim() {
        if (paren_depth_ > 0) {
            return fail("unclosed left paren");
        }
        if (at_trimming_right_delim(at_)) {
            at_ += 2;
            ignore();
            at_ += kRight.size();
            emit(TokenKind::kRightDelim);
            while (!done() && is_action_space(text_[at_])) {
                ++at_;
            }
            ignore();
        } else {
            at_ += kRight.size();
            emit(TokenKind::kRightDelim);
        }
        in_action_ = false;
    }

    void lex_in_action() {
        if (at_right_delim()) {
            return lex_right_delim();
        }
        if (done()) {
            return fail("unclosed action");
        }
        const char c = text_[at_];
        if (is_action_space(c)) {
            return lex_space();
        }
        switch (c) {
            case '"':
                return lex_quoted('"', TokenKind::kString, "unterminated quoted string");
            case '\'':
                return lex_quoted('\'', TokenKind::kCharLiteral, "unterminated character constant");
            case '`':
                return lex_raw_string();
            case '$':
                return lex_name(TokenKind::kVariable, TokenKind::kVariable);
            case '(':
                ++paren_depth_;
                return single(TokenKind::kLeftParen);
            case ')':
                if (--paren_depth_ < 0) {
                    return fail("unexpected right paren");
                }
                return single(TokenKind::kRightParen);
            case '|':
                return single(TokenKind::kPipe);
            case '=':
                return single(TokenKind::kAssign);
            case ':':
                return lex_declare();
            default:
                return lex_word_or_other(c);
        }
    }

    void lex_word_or_other(char c) {
        const bool digit = c >= '0' && c <= '9';
        const bool number_after_dot =
            at_ + 1 >= text_.size() || (text_[at_ + 1] >= '0' && text_[at_ + 1] <= '9');
        if (c == '.' && !number_after_dot) {
            return lex_name(TokenKind::kField, TokenKind::kDot);
        }
        if (digit || c == '.' || c == '+' || c == '-') {
            return lex_number();
        }
        const Rune r = decode_rune(rest());
        if (is_word(r)) {
            return lex_identifier();
        }
        at_ += r.length;
        if (r.value < 0x80 && is_print(r.value)) {
            return emit(TokenKind::kChar);
        }
        fail(absl::StrCat("unrecognized character in action: ", describe_rune(r.value)));
    }

    void single(TokenKind kind) {
        ++at_;
        emit(kind);
    }

    void lex_declare() {
        if (!rest().starts_with(":=")) {
            return fail("expected :=");
        }
        at_ += 2;
        emit(TokenKind::kDeclare);
    }

    // The last of several spaces may belong to a trimming delimiter.
    void lex_space() {
        while (!done() && is_action_space(text_[at_])) {
            ++at_;
        }
        if (at_trimming_right_delim(at_ - 1)) {
            --at_;
        }
        if (at_ > start_) {
            emit(TokenKind::kSpace);
        }
    }

    static bool is_word(const Rune& r) {
        return r.valid && (r.value == '_' || is_letter_or_digit(r.value));
    }
    void pass_word() {
        while (!done()) {
            const Rune r = decode_rune(rest());
            if (!is_word(r)) {
                return;
            }
            at_ += r.length;
        }
    }
    // Whether a word may end here.
    [[nodiscard]] bool at_terminator() const {
        constexpr std::string_view kEnds = " \t\r\n.,|:()";
        return done() || kEnds.find(text_[at_]) != std::string_view::npos ||
               rest().starts_with(kRight);
    }
    void fail_at_bad_character() {
        fail(absl::StrCat("bad character ", describe_rune(decode_rune(rest()).value)));
    }

    void lex_identifier() {
        pass_word();
        if (!at_terminator()) {
            return fail_at_bad_character();
        }
        emit(keyword_kind(text_.substr(start_, at_ - start_)));
    }

    // .name and $name, or only the sign.
    void lex_name(TokenKind named, TokenKind bare) {
        ++at_;
        if (at_terminator()) {
            return emit(bare);
        }
        pass_word();
        if (!at_terminator()) {
            return fail_at_bad_character();
        }
        emit(named);
    }

    void lex_quoted(char mark, TokenKind kind, std::string_view unterminated) {
        for (++at_; !done() && text_[at_] != '\n'; ++at_) {
            if (text_[at_] == mark) {
                ++at_;
                return emit(kind);
            }
            if (text_[at_] == '\\' && (at_ + 1 >= text_.size() || text_[++at_] == '\n')) {
                break;
            }
        }
        fail(std::string(unterminated));
    }

    void lex_raw_string() {
        const std::size_t end = text_.find('`', at_ + 1);
        if (end == std::string_view::npos) {
            return fail("unterminated raw quoted string");
        }
        at_ = end + 1;
        emit(TokenKind::kRawString);
    }

    void lex_number() {
        bool good = scan_number();
        TokenKind kind = TokenKind::kNumber;
        if (good && !done() && (text_[at_] == '+' || text_[at_] == '-')) {
            good = scan_number() && text_[at_ - 1] == 'i';
            kind = TokenKind::kComplex;
        }
        if (!good) {
            return fail(
                absl::StrCat("bad number syntax: ", quote(text_.substr(start_, at_ - start_))));
        }
        emit(kind);
    }

    bool accept(std::string_view any_of) {
        if (done() || any_of.find(text_[at_]) == std::string_view::npos) {
            return false;
        }
        ++at_;
        return true;
    }
    void accept_run(std::string_view any_of) {
        while (accept(any_of)) {
        }
    }

    // What may be a number; whether it is one is seen when its value is needed.
    bool scan_number() {
        accept("+-");
        std::string_view digits = kDecimal;
        if (accept("0")) {
            if (accept("xX")) {
                digits = kHex;
            } else if (accept("oO")) {
                digits = "01234567_";
            } else if (accept("bB")) {
                digits = "01_";
            }
        }
        accept_run(digits);
        if (accept(".")) {
            accept_run(digits);
        }
        if ((digits == kDecimal && accept("eE")) || (digits == kHex && accept("pP"))) {
            accept("+-");
            accept_run(kDecimal);
        }
        accept("i");
        if (done()) {
            return true;
        }
        const Rune next = decode_rune(rest());
        if (!is_word(next)) {
            return true;
        }
        at_ += next.length;
        return false;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t start_ = 0;  // of the token
    std::uint32_t start_line_ = 1;
    int paren_depth_ = 0;
    bool in_action_ = false;
    bool failed_ = false;
    std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> tokenize(std::string_view text) {
    return Lexer(text).run();
}

}  // namespace logi::tmpl
