// Parses what stands inside an action: $x := .a | f 1 (g .b).c
#pragma once

#include "base/status.h"
#include "template/syntax.h"
#include "template/token_stream.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace logi::tmpl {

class FunctionTable;

class PipelineParser {
  public:
    // Both must outlive the parser, and the functions the tree.
    PipelineParser(TokenStream& tokens, const FunctionTable& functions)
        : tokens_(tokens), functions_(functions) {}

    // Reads up to and with the token `end`. `context` is for error texts; "range" may declare two
    // variables.
    StatusOr<std::unique_ptr<Pipeline>> parse(std::string_view context, TokenKind end);

    // The variables that are known here, `$` first; the caller takes back what ends with a block.
    std::vector<std::string>& variables() { return variables_; }

    // Counts nested blocks and parentheses for the limit; leave() once for each.
    Status enter(std::string_view what);
    void leave() { --depth_; }

  private:
    Status declarations(std::string_view context, Pipeline& pipe);
    Status check_second(std::string_view context, const Pipeline& pipe);
    Status check(std::string_view context, const Pipeline& pipe) const;
    StatusOr<Command> command();
    StatusOr<std::optional<Operand>> operand();
    StatusOr<std::optional<Operand>> term();
    template <typename T>
    Status fill(StatusOr<T> parsed, T& target) const;
    Status fill_term(const Token& token, Operand& operand);
    Status fill_variable(const Token& token, Operand& operand) const;
    Status fill_parentheses(Operand& operand);

    TokenStream& tokens_;
    const FunctionTable& functions_;
    std::vector<std::string> variables_{"$"};
    int depth_ = 0;
};

}  // namespace logi::tmpl
