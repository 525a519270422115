#include "logql/lexer.h"

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "base/ascii.h"
#include "base/utf8.h"
#include "logql/names.h"
#include "logql/number_lexeme.h"
#include "logql/parser.h"
#include "logql/units.h"
#include "model/labels.h"

#include <initializer_list>

namespace logi::logql {
namespace {

using WordSet = absl::flat_hash_set<std::string_view>;

const WordSet& reserved_words() {
    static const WordSet words = {
        "and",         "bool",     "by",     "decolorize", "drop",         "group_left",
        "group_right", "ignoring", "json",   "keep",       "label_format", "label_replace",
        "line_format", "logfmt",   "of",     "offset",     "on",           "or",
        "pattern",     "regexp",   "unless", "unpack",     "unwrap",       "variants",
        "without"};
    return words;
}

const WordSet& functions() {
    static const WordSet words = [] {
        WordSet set(kRangeOps.begin(), kRangeOps.end());
        set.insert(kVectorOps.begin(), kVectorOps.end());
        set.insert(kConversions.begin() + 1, kConversions.end());
        set.insert({"vector", "ip"});
        return set;
    }();
    return words;
}

// Longest first.
constexpr std::array<std::string_view, 27> kPunctuation = {
    "|=", "|~", "|>", "!=", "!~", "!>", "=~", "==", ">=", "<=", "{", "}", "(", ")",
    "]",  ",",  ".",  "=",  "|",  "+",  "-",  "*",  "/",  "%",  "^", ">", "<"};
// A longer duration or size is read as a number and what follows, so that each byte is looked at a
// bounded number of times.
constexpr std::size_t kQuantityBytesMax = 128;
constexpr std::array<std::string_view, 2> kFlags = {"--strict", "--keep-empty"};
constexpr std::string_view kDurationChars = "nsumhdwy.0123456789";
constexpr std::string_view kByteSizeChars = "BikKMGTP.0123456789";

// White space as Go's unicode.IsSpace sees it.
bool is_space(std::uint32_t rune) {
    return (rune >= 0x09 && rune <= 0x0D) || rune == 0x20 || rune == 0x85 || rune == 0xA0 ||
           rune == 0x1680 || (rune >= 0x2000 && rune <= 0x200A) || rune == 0x2028 ||
           rune == 0x2029 || rune == 0x202F || rune == 0x205F || rune == 0x3000;
}

std::string lower_case(std::string_view text) {
    std::string lower(text);
    absl::AsciiStrToLower(&lower);
    return lower;
}

// Beyond ASCII: what is neither space nor punctuation nor a control character passes as a letter.
bool is_letter(std::uint32_t rune) {
    if (rune < 0x80) {
        return rune == '_' || absl::ascii_isalpha(static_cast<unsigned char>(rune));
    }
    const bool latin_symbol = rune < 0xC0 && rune != 0xAA && rune != 0xB5 && rune != 0xBA;
    const bool punctuation =
        (rune >= 0x2000 && rune <= 0x206F) || (rune >= 0x3000 && rune <= 0x3004);
    return !latin_symbol && !punctuation && !is_space(rune) && rune != 0xFEFF;
}

std::size_t identifier_length(std::string_view text) {
    std::size_t length = 0;
    while (length < text.size()) {
        const std::string_view rest = text.substr(length);
        const std::size_t bytes = base::utf8_length(rest);
        const bool digit = length > 0 && base::is_digit(rest[0]);
        if (bytes == 0 || !(digit || is_letter(base::decode_rune(rest).value))) {
            break;
        }
        length += bytes;
    }
    return length;
}

void skip_any_space(std::string_view& text) {
    while (!text.empty()) {
        const base::Rune rune = base::decode_rune(text);
        if (!is_space(rune.value)) {
            return;
        }
        text.remove_prefix(rune.length);
    }
}

// Whether `rest`, what follows a function's name, makes it a call rather than an identifier.
bool opens_call(std::string_view rest) {
    skip_any_space(rest);
    for (const std::string_view grouping : {"by", "without"}) {
        if (lower_case(rest.substr(0, grouping.size())) == grouping) {
            rest.remove_prefix(grouping.size());
            skip_any_space(rest);
            break;
        }
    }
    return rest.starts_with('(');
}

// Length of the escape at the start of `text`, or 0 if it is none.
std::size_t escape_length(std::string_view text, char quote) {
    const char c = text.size() > 1 ? text[1] : '\0';
    if (c == quote ||
        (c != '\0' && std::string_view("abfnrtv\\").find(c) != std::string_view::npos)) {
        return 2;
    }
    const bool octal = c >= '0' && c <= '7';
    const std::size_t digits = octal ? 3 : c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    const std::size_t first = octal ? 1 : 2;
    if (digits == 0 || first + digits > text.size()) {
        return 0;
    }
    for (std::size_t i = first; i < first + digits; ++i) {
        const auto digit = static_cast<unsigned char>(text[i]);
        if (octal ? digit < '0' || digit > '7' : !absl::ascii_isxdigit(digit)) {
            return 0;
        }
    }
    return first + digits;
}

class Lexer {
  public:
    explicit Lexer(std::string_view text) : text_(text) {
        constexpr std::string_view kByteOrderMark = "\uFEFF";
        if (text_.starts_with(kByteOrderMark)) {
            advance(kByteOrderMark.size());
        }
    }

    std::vector<Token> run() {
        while (true) {
            token_ = Token();
            if (skip_blanks()) {
                mark();
                if (rest().empty()) {
                    token_.line = text_.empty() ? 0 : token_.line;
                    token_.column = text_.empty() ? 0 : token_.column;
                } else {
                    next();
                }
            }
            tokens_.push_back(std::move(token_));
            const TokenKind kind = tokens_.back().kind;
            if (kind == TokenKind::kEnd || kind == TokenKind::kError) {
                return std::move(tokens_);
            }
        }
    }

  private:
    [[nodiscard]] std::string_view rest() const { return text_.substr(at_); }

    void mark() {
        token_.line = line_;
        token_.column = column_;
    }

    void advance(std::size_t bytes) {
        for (const std::size_t end = at_ + bytes; at_ < end; ++at_) {
            const auto c = static_cast<unsigned char>(text_[at_]);
            if (c == '\n') {
                ++line_;
                column_ = 1;
            } else if ((c & 0xC0U) != 0x80) {
                ++column_;
            }
        }
    }

    void take(TokenKind kind, std::size_t length) {
        token_.kind = kind;
        token_.text = std::string(rest().substr(0, length));
        advance(length);
    }

    void fail(std::string_view problem) {
        token_.kind = TokenKind::kError;
        token_.text = std::string(problem);
    }

    // False, with an error in token_, where a comment has no end.
    bool skip_blanks() {
        while (true) {
            const std::string_view text = rest();
            const std::size_t blanks = std::min(text.find_first_not_of(" \t\r\n"), text.size());
            if (blanks > 0) {
                advance(blanks);
            } else if (text.starts_with("/*")) {
                const std::size_t end = text.find("*/", 2);
                if (end == std::string_view::npos) {
                    mark();
                    fail("comment not terminated");
                    return false;
                }
                advance(end + 2);
            } else if (text.starts_with('#') || text.starts_with("//")) {
                advance(std::min(text.find('\n'), text.size()));
            } else {
                return true;
            }
        }
    }

    void next() {
        const char c = rest()[0];
        if (base::is_digit(c) || (c == '.' && rest().size() > 1 && base::is_digit(rest()[1]))) {
            number();
        } else if (c == '"' || c == '\'') {
            quoted(c);
        } else if (c == '`') {
            raw_string();
        } else if (c == '[') {
            range();
        } else if (c == '-') {
            minus();
        } else if (const std::size_t length = identifier_length(rest()); length > 0) {
            identifier(length);
        } else {
            symbol();
        }
    }

    void identifier(std::size_t length) {
        const std::string lower = lower_case(rest().substr(0, length));
        const bool call = functions().contains(lower) && opens_call(rest().substr(length));
        if (call || reserved_words().contains(lower)) {
            take(call ? TokenKind::kFunction : TokenKind::kWord, length);
            token_.text = lower;
        } else {
            take(TokenKind::kIdentifier, length);
        }
    }

    void symbol() {
        for (const auto symbol : kPunctuation) {
            if (rest().starts_with(symbol)) {
                take(TokenKind::kWord, symbol.size());
                return;
            }
        }
        const std::size_t bytes = base::utf8_length(rest());
        if (bytes == 0 || rest()[0] == 0) {
            fail(bytes == 0 ? "invalid UTF-8 encoding" : "invalid character NUL");
        } else {
            take(TokenKind::kStray, bytes);
        }
    }

    void number() {
        NumberLexeme lexeme = scan_number(rest());
        if (!lexeme.problem.empty()) {
            fail(lexeme.problem);
        } else if (!duration(lexeme.length) && !byte_size(lexeme.length)) {
            take(TokenKind::kNumber, lexeme.length);
        }
    }

    void minus() {
        if (duration(1)) {
            return;
        }
        for (const auto flag : kFlags) {
            if (rest().starts_with(flag) && identifier_length(rest().substr(flag.size())) == 0) {
                take(TokenKind::kFlag, flag.size());
                return;
            }
        }
        take(TokenKind::kWord, 1);
    }

    // How far `chars`, and the micro signs of a duration, go on behind `begin`; `begin` itself
    // where that is further than any sensible quantity.
    [[nodiscard]] std::size_t quantity_length(std::size_t begin, std::string_view chars) const {
        std::size_t length = begin;
        while (length < rest().size() && length <= begin + kQuantityBytesMax) {
            const std::string_view text = rest().substr(length);
            if (chars.find(text[0]) != std::string_view::npos) {
                ++length;
            } else if (text.starts_with("\u00b5") || text.starts_with("\u03bc")) {
                length += 2;
            } else {
                return length;
            }
        }
        return length <= begin + kQuantityBytesMax ? length : begin;
    }

    // Takes a duration whose first `begin` bytes are the number or the sign.
    bool duration(std::size_t begin) {
        const std::size_t length = quantity_length(begin, kDurationChars);
        const auto value =
            length == begin ? std::nullopt : parse_duration(rest().substr(0, length));
        if (value) {
            take(TokenKind::kDuration, length);
            token_.duration = *value;
        }
        return value.has_value();
    }

    bool byte_size(std::size_t begin) {
        const std::size_t length = quantity_length(begin, kByteSizeChars);
        const auto value =
            length == begin ? std::nullopt : parse_byte_size(rest().substr(0, length));
        if (value) {
            take(TokenKind::kBytes, length);
            token_.bytes = *value;
        }
        return value.has_value();
    }

    void range() {
        const std::size_t end = rest().find(']');
        if (end == std::string_view::npos) {
            fail("missing closing ']' in duration");
            return;
        }
        const auto range = parse_prometheus_duration(rest().substr(1, end - 1));
        if (!range.ok()) {
            fail(message_of(range.status()));
            return;
        }
        take(TokenKind::kRange, end + 1);
        token_.duration = *range;
    }

    void raw_string() {
        const std::size_t end = rest().find('`', 1);
        string(end == std::string_view::npos ? rest().size() : end,
               end == std::string_view::npos ? "literal not terminated" : "");
    }

    // "…", or Go's '…', which is no string in LogQL.
    void quoted(char quote) {
        std::size_t end = 1;
        std::size_t runes = 0;
        std::string_view problem;
        for (; problem.empty(); ++runes) {
            if (end >= rest().size() || rest()[end] == '\n') {
                problem = "literal not terminated";
            } else if (rest()[end] == quote) {
                break;
            } else if (rest()[end] == '\\') {
                const std::size_t length = escape_length(rest().substr(end), quote);
                problem = length == 0 ? "invalid char escape" : "";
                end += length;
            } else {
                end += std::max<std::size_t>(base::utf8_length(rest().substr(end)), 1);
            }
        }
        if (quote == '"') {
            string(end, problem);
        } else if (problem.empty() && runes == 1) {
            take(TokenKind::kStray, end + 1);
        } else {
            fail(problem.empty() ? "invalid char literal" : problem);
        }
    }

    // The literal up to its closing quote at `end`, or up to where it goes wrong.
    void string(std::size_t end, std::string_view problem) {
        for (std::string_view text = rest().substr(1, end - 1); !text.empty();) {
            const std::size_t bytes = base::utf8_length(text);
            if (bytes == 0 || text[0] == 0) {
                fail(bytes == 0 ? "invalid UTF-8 rune" : "invalid character NUL");
                return;
            }
            text.remove_prefix(bytes);
        }
        if (!problem.empty()) {
            fail(problem);
            return;
        }
        std::size_t length = 0;
        auto content = go_unquote_prefix(rest(), length);
        if (!content.ok()) {
            fail("invalid syntax");
            return;
        }
        take(TokenKind::kString, length);
        token_.text = *std::move(content);
    }

    std::string_view text_;
    std::size_t at_ = 0;
    int line_ = 1;
    int column_ = 1;
    Token token_;
    std::vector<Token> tokens_;
};

}  // namespace

std::string display_name(const Token& token) {
    switch (token.kind) {
        case TokenKind::kEnd:
            return "$end";
        case TokenKind::kIdentifier:
        case TokenKind::kStray:
            return "IDENTIFIER";
        case TokenKind::kString:
            return "STRING";
        case TokenKind::kNumber:
            return "NUMBER";
        case TokenKind::kDuration:
            return "DURATION";
        case TokenKind::kBytes:
            return "BYTES";
        case TokenKind::kRange:
            return "RANGE";
        case TokenKind::kFlag:
            return "PARSER_FLAG";
        case TokenKind::kFunction:
            if (op_of<Unwrap::Conversion>(kConversions, token.text)) {
                return absl::AsciiStrToUpper(token.text) + "_CONV";
            }
            return token.text == "ip" ? token.text : absl::AsciiStrToUpper(token.text);
        case TokenKind::kError:
        case TokenKind::kWord:
            break;
    }
    return token.text;
}

std::vector<Token> lex(std::string_view query) {
    return Lexer(query).run();
}

}  // namespace logi::logql
