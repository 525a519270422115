// Cuts the text of a template into tokens.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace logi::tmpl {

enum class TokenKind : std::uint8_t {
    kError,  // text is the message; nothing follows
    kEnd,
    kText,  // outside actions
    kLeftDelim,
    kRightDelim,
    kSpace,
    kLeftParen,
    kRightParen,
    kPipe,
    kAssign,   // =
    kDeclare,  // :=
    kChar,     // any other printable ASCII character, such as a comma
    kBool,
    kCharLiteral,
    kNumber,
    kComplex,  // 1+2i
    kString,
    kRawString,
    kIdentifier,
    kField,     // .name
    kVariable,  // $ or $name
    // Keywords, and the dot, which counts as one.
    kDot,
    kBlock,
    kBreak,
    kContinue,
    kDefine,
    kElse,
    kEndKeyword,
    kIf,
    kNil,
    kRange,
    kTemplate,
    kWith,
};

struct Token {
    TokenKind kind = TokenKind::kEnd;
    std::uint32_t offset = 0;
    std::uint32_t line = 1;
    std::string text;

    [[nodiscard]] bool is_keyword() const { return kind >= TokenKind::kDot; }
};

// The tokens of the whole text, the last a kEnd or a kError. White space beside trim markers
// ({{- and -}}) and comments are gone.
[[nodiscard]] std::vector<Token> tokenize(std::string_view text);

}  // namespace logi::tmpl
