// The tokens of a template with a place in them, and the parser's error texts.
#pragma once

#include "base/status.h"
#include "template/lexer.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace logi::tmpl {

class TokenStream {
  public:
    // Both must outlive the stream.
    TokenStream(std::string_view name, std::vector<Token> tokens);

    // References stay valid. The last token, a kEnd or kError, comes again and again.
    const Token& peek();
    const Token& next();
    const Token& peek_non_space();
    const Token& next_non_space();
    [[nodiscard]] std::size_t position() const { return at_; }
    void go_back(std::size_t position) { at_ = position; }

    // The line on which the action began that is being parsed; 0 outside.
    void set_action_line(std::uint32_t line) { action_line_ = line; }

    // `template: NAME:LINE: message`
    [[nodiscard]] Status error(std::string_view message) const;
    // The message of an error token, else `unexpected "x" in context`.
    [[nodiscard]] Status unexpected(const Token& token, std::string_view context) const;

  private:
    std::string_view name_;
    std::vector<Token> tokens_;
    std::size_t at_ = 0;
    std::uint32_t line_ = 1;  // of the furthest token that was looked at
    std::uint32_t action_line_ = 0;
};

}  // namespace logi::tmpl
