#include "logql/parser.h"

#include "absl/strings/str_cat.h"
#include "logql/checks.h"
#include "logql/errors.h"
#include "logql/lexer.h"
#include "logql/parser_impl.h"
#include "logql/printer.h"

namespace logi::logql {

const Token& Parser::peek(std::size_t ahead) const {
    return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
}

bool Parser::is(TokenKind kind, std::size_t ahead) const {
    return peek(ahead).kind == kind;
}

bool Parser::is(std::string_view word, std::size_t ahead) const {
    return is(TokenKind::kWord, ahead) && peek(ahead).text == word;
}

bool Parser::is_function(std::string_view name) const {
    return is(TokenKind::kFunction) && peek().text == name;
}

bool Parser::take(std::string_view word) {
    const bool taken = is(word);
    at_ += taken ? 1 : 0;
    return taken;
}

std::string Parser::take_text() {
    return std::move(tokens_[at_++].text);
}

Status Parser::expect(std::string_view word, std::string_view expecting) {
    return take(word) ? absl::OkStatus() : unexpected(expecting);
}

StatusOr<std::string> Parser::expect_string() {
    if (!is(TokenKind::kString)) {
        return unexpected("STRING");
    }
    return take_text();
}

StatusOr<std::string> Parser::expect_identifier() {
    if (!is(TokenKind::kIdentifier)) {
        return unexpected("IDENTIFIER");
    }
    return take_text();
}

Status Parser::unexpected(std::string_view expecting) const {
    const Token& token = peek();
    std::string problem = token.text;
    if (token.kind != TokenKind::kError) {
        // Any character counts as an identifier in Loki, also where an identifier may stand.
        const bool named = token.kind == TokenKind::kStray &&
                           expecting.find("IDENTIFIER") != std::string_view::npos;
        problem =
            absl::StrCat("syntax error: unexpected ", named ? token.text : display_name(token));
        if (!expecting.empty()) {
            absl::StrAppend(&problem, ", expecting ", std::string(expecting));
        }
    }
    if (token.line == 0) {
        return parse_failure(problem);
    }
    return absl::InvalidArgumentError(
        absl::StrCat("parse error at line ", token.line, ", col ", token.column, ": ", problem));
}

void Parser::defer(std::size_t token, const std::string& problem) {
    if (!problem.empty() && (deferred_.ok() || token < deferred_at_)) {
        deferred_ = parse_failure(problem);
        deferred_at_ = token;
    }
}

Status Parser::check_depth(int depth) {
    return depth <= kDepthMax
               ? absl::OkStatus()
               : parse_failure(absl::StrCat("query is nested more than ", kDepthMax, " deep"));
}

StatusOr<ExprPtr> Parser::query() {
    LOGI_ASSIGN_OR_RETURN(DeepExpr expr, expression());
    if (!is(TokenKind::kEnd)) {
        return unexpected();
    }
    LOGI_RETURN_IF_ERROR(deferred_);
    LOGI_RETURN_IF_ERROR(check_stages(*expr.tree, regexes_));
    return std::move(expr.tree);
}

namespace {

StatusOr<ExprPtr> parse_with(std::string_view query, Selective selective) {
    if (query.size() >= kQueryBytesMax) {
        return parse_failure(
            absl::StrCat("input size too long (", query.size(), " > ", kQueryBytesMax, ")"));
    }
    LOGI_ASSIGN_OR_RETURN(ExprPtr expr, Parser(lex(query), selective).query());
    if (has_infinite_filter(*expr)) {
        // No text says infinity, so what is wrong is the query as printed, as in Loki.
        return Parser(lex(to_string(*expr)), selective).query();
    }
    return expr;
}

}  // namespace

StatusOr<ExprPtr> parse(std::string_view query) {
    return parse_with(query, Selective::kYes);
}

StatusOr<std::vector<Matcher>> parse_selector(std::string_view text, Selective selective) {
    LOGI_ASSIGN_OR_RETURN(const ExprPtr expr, parse_with(text, selective));
    auto* log = std::get_if<LogExpr>(&expr->node);
    if (log == nullptr || !log->stages.empty()) {
        return absl::InvalidArgumentError("only label matchers are supported");
    }
    return std::move(log->matchers);
}

StatusOr<LogExpr> parse_log_query(std::string_view text, Selective selective) {
    LOGI_ASSIGN_OR_RETURN(const ExprPtr expr, parse_with(text, selective));
    auto* log = std::get_if<LogExpr>(&expr->node);
    if (log == nullptr) {
        return absl::InvalidArgumentError("only log selector is supported");
    }
    return std::move(*log);
}

}  // namespace logi::logql
