#include "template/token_stream.h"

#include "absl/strings/str_cat.h"
#include "template/quote.h"
#include "template/utf8.h"

#include <algorithm>
#include <utility>

namespace logi::tmpl {
namespace {

// A token as error texts show it: quoted, and cut after ten runes.
std::string describe(const Token& token) {
    if (token.kind == TokenKind::kEnd) {
        return "EOF";
    }
    if (token.is_keyword()) {
        return absl::StrCat("<", token.text, ">");
    }
    if (token.text.size() > 10) {
        const std::string_view text = token.text;
        return absl::StrCat(quote(text.substr(0, rune_offset(text, 10))), "...");
    }
    return quote(token.text);
}

}  // namespace

TokenStream::TokenStream(std::string_view name, std::vector<Token> tokens)
    : name_(name), tokens_(std::move(tokens)) {}

const Token& TokenStream::peek() {
    line_ = std::max(line_, tokens_[at_].line);
    return tokens_[at_];
}

const Token& TokenStream::next() {
    const Token& token = peek();
    at_ = std::min(at_ + 1, tokens_.size() - 1);
    return token;
}

const Token& TokenStream::peek_non_space() {
    while (peek().kind == TokenKind::kSpace) {
        next();
    }
    return peek();
}

const Token& TokenStream::next_non_space() {
    peek_non_space();
    return next();
}

Status TokenStream::error(std::string_view message) const {
    return absl::InvalidArgumentError(
        absl::StrCat("template: ", std::string(name_), ":", line_, ": ", std::string(message)));
}

Status TokenStream::unexpected(const Token& token, std::string_view context) const {
    if (token.kind != TokenKind::kError) {
        return error(absl::StrCat("unexpected ", describe(token), " in ", std::string(context)));
    }
    if (action_line_ == 0 || action_line_ == token.line) {
        return error(token.text);
    }
    const std::string_view in_action =
        std::string_view(token.text).ends_with(" action") ? "" : " in action";
    return error(absl::StrCat(
        token.text, std::string(in_action), " started at ", std::string(name_), ":", action_line_));
}

}  // namespace logi::tmpl
