// Cuts a query into tokens. Whitespace and comments are dropped.
#pragma once

#include "base/status.h"

#include <string>
#include <string_view>
#include <vector>

namespace logi::logql {

enum class TokenKind { kEnd, kIdentifier, kString, kNumber, kDuration, kRange, kPunctuation };

struct Token {
    TokenKind kind = TokenKind::kEnd;
    std::string text;  // as written; for strings and ranges the content
    int line = 1;
    int column = 1;
};

// Ends with a kEnd token. kInvalidArgument with Loki's "parse error at line L, col C: …".
StatusOr<std::vector<Token>> lex(std::string_view query);

// "parse error at line L, col C: …"
Status parse_error(const Token& at, std::string_view message);

}  // namespace logi::logql
