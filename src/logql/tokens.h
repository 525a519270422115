// What a query is cut into.
#pragma once

#include "base/time.h"

#include <cstdint>
#include <string>

namespace logi::logql {

enum class TokenKind {
    kEnd,
    kError,  // text is what is wrong; nothing follows
    kIdentifier,
    kStray,   // a character that begins nothing
    kString,  // text is the content
    kNumber,
    kDuration,
    kBytes,
    kRange,     // [5m]
    kFlag,      // --strict, --keep-empty
    kFunction,  // sum, rate, bytes… in front of a parenthesis or of by, without
    kWord,      // a reserved word or punctuation
};

struct Token {
    TokenKind kind = TokenKind::kEnd;
    std::string text;         // as written; functions and reserved words in lower case
    int line = 1;             // both 0 where the query is empty
    int column = 1;           // in characters
    Duration duration;        // kDuration and kRange
    std::uint64_t bytes = 0;  // kBytes
};

}  // namespace logi::logql
