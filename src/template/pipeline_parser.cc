#include "template/pipeline_parser.h"

#include "absl/strings/str_cat.h"
#include "template/function.h"
#include "template/limits.h"
#include "template/literal.h"
#include "template/quote.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace logi::tmpl {
namespace {

bool starts_operand(TokenKind kind) {
    switch (kind) {
        case TokenKind::kBool:
        case TokenKind::kCharLiteral:
        case TokenKind::kComplex:
        case TokenKind::kDot:
        case TokenKind::kField:
        case TokenKind::kIdentifier:
        case TokenKind::kNumber:
        case TokenKind::kNil:
        case TokenKind::kRawString:
        case TokenKind::kString:
        case TokenKind::kVariable:
        case TokenKind::kLeftParen:
            return true;
        default:
            return false;
    }
}

// Only functions, methods and fields can take what the pipe brings.
bool takes_argument(const Operand& first) {
    switch (first.kind) {
        case Operand::Kind::kBool:
        case Operand::Kind::kDot:
        case Operand::Kind::kNil:
        case Operand::Kind::kNumber:
        case Operand::Kind::kString:
            return false;
        default:
            return true;
    }
}

}  // namespace

Status PipelineParser::enter(std::string_view what) {
    if (++depth_ > kParseDepthMax) {
        return tokens_.error(absl::StrCat("max ", std::string(what), " depth exceeded"));
    }
    return absl::OkStatus();
}

StatusOr<std::unique_ptr<Pipeline>> PipelineParser::parse(std::string_view context, TokenKind end) {
    auto pipe = std::make_unique<Pipeline>();
    pipe->offset = tokens_.peek_non_space().offset;
    LOGI_RETURN_IF_ERROR(declarations(context, *pipe));
    for (;;) {
        const Token& token = tokens_.peek_non_space();
        if (token.kind == end) {
            tokens_.next();
            break;
        }
        if (!starts_operand(token.kind)) {
            return tokens_.unexpected(token, context);
        }
        LOGI_ASSIGN_OR_RETURN(Command cmd, command());
        pipe->commands.push_back(std::move(cmd));
    }
    LOGI_RETURN_IF_ERROR(check(context, *pipe));
    return pipe;
}

// $x := and $i, $x := of a range; a variable that is the first operand is left alone.
Status PipelineParser::declarations(std::string_view context, Pipeline& pipe) {
    bool more = true;
    while (more && tokens_.peek_non_space().kind == TokenKind::kVariable) {
        const std::size_t before = tokens_.position();
        const Token& variable = tokens_.next();
        const Token& sign = tokens_.peek_non_space();
        const bool comma = sign.kind == TokenKind::kChar && sign.text == ",";
        if (!comma && sign.kind != TokenKind::kAssign && sign.kind != TokenKind::kDeclare) {
            tokens_.go_back(before);
            return absl::OkStatus();
        }
        tokens_.next();
        pipe.assigns = sign.kind == TokenKind::kAssign;
        Operand operand;
        operand.kind = Operand::Kind::kVariable;
        operand.offset = variable.offset;
        operand.names = {variable.text};
        pipe.variables.push_back(std::move(operand));
        variables_.push_back(variable.text);
        more = comma;
        if (comma) {
            LOGI_RETURN_IF_ERROR(check_second(context, pipe));
        }
    }
    return absl::OkStatus();
}

// Behind the comma of $i, $x.
Status PipelineParser::check_second(std::string_view context, const Pipeline& pipe) {
    if (context != "range" || pipe.variables.size() >= 2) {
        return tokens_.error(absl::StrCat("too many declarations in ", std::string(context)));
    }
    switch (tokens_.peek_non_space().kind) {
        case TokenKind::kVariable:
        case TokenKind::kRightDelim:
        case TokenKind::kRightParen:
            return absl::OkStatus();
        default:
            return tokens_.error("range can only initialize variables");
    }
}

Status PipelineParser::check(std::string_view context, const Pipeline& pipe) const {
    if (pipe.commands.empty()) {
        return tokens_.error(absl::StrCat("missing value for ", std::string(context)));
    }
    for (std::size_t i = 1; i < pipe.commands.size(); ++i) {
        if (!takes_argument(pipe.commands[i].operands[0])) {
            return tokens_.error(absl::StrCat("non executable command in pipeline stage ", i + 1));
        }
    }
    return absl::OkStatus();
}

// Operands up to a pipe, which is passed, or to the end of the pipeline, which is not.
StatusOr<Command> PipelineParser::command() {
    Command cmd;
    cmd.offset = tokens_.peek_non_space().offset;
    for (;;) {
        LOGI_ASSIGN_OR_RETURN(auto parsed, operand());
        if (parsed) {
            cmd.operands.push_back(*std::move(parsed));
        }
        const Token& token = tokens_.peek();
        if (token.kind == TokenKind::kRightDelim || token.kind == TokenKind::kRightParen) {
            break;
        }
        tokens_.next();
        if (token.kind == TokenKind::kPipe) {
            break;
        }
        if (token.kind != TokenKind::kSpace) {
            return tokens_.unexpected(token, "operand");
        }
    }
    if (cmd.operands.empty()) {
        return tokens_.error("empty command");
    }
    return cmd;
}

// A term and the fields behind it, (…).a.b; none where no term stands.
StatusOr<std::optional<Operand>> PipelineParser::operand() {
    LOGI_ASSIGN_OR_RETURN(auto first, term());
    if (!first || tokens_.peek().kind != TokenKind::kField) {
        return first;
    }
    const std::uint32_t offset = tokens_.peek().offset;
    std::vector<std::string> fields;
    while (tokens_.peek().kind == TokenKind::kField) {
        fields.emplace_back(std::string_view(tokens_.next().text).substr(1));
    }
    if (first->kind == Operand::Kind::kField || first->kind == Operand::Kind::kVariable) {
        std::move(fields.begin(), fields.end(), std::back_inserter(first->names));
        first->offset = offset;
        return first;
    }
    if (first->kind != Operand::Kind::kFunction && first->kind != Operand::Kind::kPipeline) {
        std::string term_text;
        first->print(term_text);
        return tokens_.error(absl::StrCat("unexpected . after term ", quote(term_text)));
    }
    Operand chain;
    chain.kind = Operand::Kind::kChain;
    chain.offset = offset;
    chain.names = std::move(fields);
    chain.base = std::make_unique<Operand>(*std::move(first));
    return std::optional<Operand>(std::move(chain));
}

StatusOr<std::optional<Operand>> PipelineParser::term() {
    const Token& token = tokens_.peek_non_space();
    if (!starts_operand(token.kind)) {
        return std::optional<Operand>();
    }
    tokens_.next();
    Operand operand;
    operand.offset = token.offset;
    operand.text = token.text;
    LOGI_RETURN_IF_ERROR(fill_term(token, operand));
    return std::optional<Operand>(std::move(operand));
}

template <typename T>
Status PipelineParser::fill(StatusOr<T> parsed, T& target) const {
    if (!parsed.ok()) {
        return tokens_.error(message_of(parsed.status()));
    }
    target = *std::move(parsed);
    return absl::OkStatus();
}

Status PipelineParser::fill_term(const Token& token, Operand& operand) {
    switch (token.kind) {
        case TokenKind::kIdentifier:
            operand.kind = Operand::Kind::kFunction;
            operand.function = functions_.find(token.text);
            if (operand.function == nullptr) {
                return tokens_.error(absl::StrCat("function ", quote(token.text), " not defined"));
            }
            return absl::OkStatus();
        case TokenKind::kDot:
            operand.kind = Operand::Kind::kDot;
            return absl::OkStatus();
        case TokenKind::kNil:
            operand.kind = Operand::Kind::kNil;
            return absl::OkStatus();
        case TokenKind::kBool:
            operand.kind = Operand::Kind::kBool;
            operand.truth = token.text == "true";
            return absl::OkStatus();
        case TokenKind::kField:
            operand.kind = Operand::Kind::kField;
            operand.names = {token.text.substr(1)};
            return absl::OkStatus();
        case TokenKind::kVariable:
            return fill_variable(token, operand);
        case TokenKind::kLeftParen:
            return fill_parentheses(operand);
        case TokenKind::kString:
        case TokenKind::kRawString:
            operand.kind = Operand::Kind::kString;
            return fill(unquote(token.text), operand.string);
        case TokenKind::kCharLiteral:
            operand.kind = Operand::Kind::kNumber;
            return fill(parse_char_literal(token.text), operand.number);
        default:
            operand.kind = Operand::Kind::kNumber;
            return fill(parse_number(token.text), operand.number);
    }
}

Status PipelineParser::fill_variable(const Token& token, Operand& operand) const {
    if (std::find(variables_.begin(), variables_.end(), token.text) == variables_.end()) {
        return tokens_.error(absl::StrCat("undefined variable ", quote(token.text)));
    }
    operand.kind = Operand::Kind::kVariable;
    operand.names = {token.text};
    return absl::OkStatus();
}

Status PipelineParser::fill_parentheses(Operand& operand) {
    LOGI_RETURN_IF_ERROR(enter("expression"));
    operand.kind = Operand::Kind::kPipeline;
    LOGI_ASSIGN_OR_RETURN(operand.pipeline,
                          parse("parenthesized pipeline", TokenKind::kRightParen));
    leave();
    return absl::OkStatus();
}

}  // namespace logi::tmpl
