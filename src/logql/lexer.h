// Cuts a query into tokens. White space and comments (#, // and /* */) are dropped.
#pragma once

#include "logql/tokens.h"

#include <string>
#include <string_view>
#include <vector>

namespace logi::logql {

// Ends with kEnd, or with kError where the text is not LogQL's.
[[nodiscard]] std::vector<Token> lex(std::string_view query);

// What a message calls the token: $end, IDENTIFIER, RATE, by…
[[nodiscard]] std::string display_name(const Token& token);

}  // namespace logi::logql
