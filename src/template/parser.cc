#include "template/parser.h"

#include "absl/strings/str_cat.h"
#include "template/limits.h"
#include "template/pipeline_parser.h"
#include "template/quote.h"
#include "template/token_stream.h"
#include "template/utf8.h"

#include <algorithm>
#include <utility>

namespace logi::tmpl {
namespace {

bool is_blank(const std::vector<Node>& nodes) {
    return std::all_of(nodes.begin(), nodes.end(), [](const Node& node) {
        return node.kind == Node::Kind::kText && trim_left(node.text, is_space).empty();
    });
}

Node make_node(Node::Kind kind, std::uint32_t offset) {
    Node node;
    node.kind = kind;
    node.offset = offset;
    return node;
}

const std::string* only_field(const Pipeline& pipe) {
    if (!pipe.variables.empty() || pipe.commands.size() != 1 ||
        pipe.commands[0].operands.size() != 1) {
        return nullptr;
    }
    const Operand& operand = pipe.commands[0].operands[0];
    return operand.kind == Operand::Kind::kField && operand.names.size() == 1 ? &operand.names[0]
                                                                              : nullptr;
}

class Parser {
  public:
    Parser(std::string_view name, std::vector<Token> tokens, const FunctionTable& functions)
        : name_(name), tokens_(name, std::move(tokens)), pipelines_(tokens_, functions) {}

    StatusOr<Definitions> run() {
        std::vector<Node> body;
        while (tokens_.peek().kind != TokenKind::kEnd) {
            if (tokens_.peek().kind == TokenKind::kLeftDelim) {
                const std::size_t before = tokens_.position();
                tokens_.next();
                if (tokens_.next_non_space().kind == TokenKind::kDefine) {
                    LOGI_RETURN_IF_ERROR(definition());
                    continue;
                }
                tokens_.go_back(before);
            }
            LOGI_ASSIGN_OR_RETURN(Node node, text_or_action());
            if (is_marker(node)) {
                std::string text;
                node.print(text);
                return tokens_.error(absl::StrCat("unexpected ", text));
            }
            body.push_back(std::move(node));
        }
        LOGI_RETURN_IF_ERROR(add(std::string(name_), std::move(body)));
        return std::move(definitions_);
    }

  private:
    Status add(std::string name, std::vector<Node> body) {
        const auto it = definitions_.find(name);
        if (it == definitions_.end()) {
            definitions_.emplace(std::move(name), std::move(body));
        } else if (is_blank(it->second)) {
            it->second = std::move(body);
        } else if (!is_blank(body)) {
            return tokens_.error(
                absl::StrCat("template: multiple definition of template ", quote(name)));
        }
        return absl::OkStatus();
    }

    // A template of its own, that sees no variables or loops around it, up to its {{end}}.
    Status add_definition(std::string name, std::string_view context) {
        auto outer_variables = std::exchange(pipelines_.variables(), {"$"});
        const int outer_range_depth = std::exchange(range_depth_, 0);
        std::vector<Node> body;
        LOGI_ASSIGN_OR_RETURN(const Node::Kind end, list(body));
        if (end != Node::Kind::kEnd) {
            return tokens_.error(absl::StrCat("unexpected {{else}} in ", std::string(context)));
        }
        pipelines_.variables() = std::move(outer_variables);
        range_depth_ = outer_range_depth;
        return add(std::move(name), std::move(body));
    }

    Status definition() {
        constexpr std::string_view kContext = "define clause";
        LOGI_ASSIGN_OR_RETURN(std::string name, template_name(kContext));
        const Token& token = tokens_.next_non_space();
        if (token.kind != TokenKind::kRightDelim) {
            return tokens_.unexpected(token, kContext);
        }
        return add_definition(std::move(name), kContext);
    }

    // Nodes up to {{else}} or {{end}}; which of the two it was.
    StatusOr<Node::Kind> list(std::vector<Node>& nodes) {
        while (tokens_.peek_non_space().kind != TokenKind::kEnd) {
            LOGI_ASSIGN_OR_RETURN(Node node, text_or_action());
            if (is_marker(node)) {
                return node.kind;
            }
            nodes.push_back(std::move(node));
        }
        return tokens_.error("unexpected EOF");
    }

    StatusOr<Node> text_or_action() {
        const Token& token = tokens_.next_non_space();
        if (token.kind == TokenKind::kText) {
            Node node = make_node(Node::Kind::kText, token.offset);
            node.text = token.text;
            return node;
        }
        if (token.kind != TokenKind::kLeftDelim) {
            return tokens_.unexpected(token, "input");
        }
        tokens_.set_action_line(token.line);
        auto node = action();
        tokens_.set_action_line(0);
        return node;
    }

    StatusOr<Node> action() {
        const Token& token = tokens_.peek_non_space();
        switch (token.kind) {
            case TokenKind::kBlock:
                return block();
            case TokenKind::kBreak:
                return loop_control(Node::Kind::kBreak, "{{break}}");
            case TokenKind::kContinue:
                return loop_control(Node::Kind::kContinue, "{{continue}}");
            case TokenKind::kElse:
                return else_marker();
            case TokenKind::kEndKeyword:
                return end_marker();
            case TokenKind::kIf:
                return control(Node::Kind::kIf, "if");
            case TokenKind::kRange:
                return control(Node::Kind::kRange, "range");
            case TokenKind::kTemplate:
                return template_call();
            case TokenKind::kWith:
                return control(Node::Kind::kWith, "with");
            default:
                break;
        }
        Node node = make_node(Node::Kind::kAction, token.offset);
        LOGI_ASSIGN_OR_RETURN(node.pipeline, pipelines_.parse("command", TokenKind::kRightDelim));
        node.field = only_field(*node.pipeline);
        return node;
    }

    StatusOr<Node> loop_control(Node::Kind kind, std::string_view context) {
        const std::uint32_t offset = tokens_.next().offset;
        const Token& token = tokens_.next_non_space();
        if (token.kind != TokenKind::kRightDelim) {
            return tokens_.unexpected(token, context);
        }
        if (range_depth_ == 0) {
            return tokens_.error(absl::StrCat(std::string(context), " outside {{range}}"));
        }
        return make_node(kind, offset);
    }

    // {{else if …}} and {{else with …}} leave the if or with for control() to go on with.
    StatusOr<Node> else_marker() {
        tokens_.next();
        const Token& token = tokens_.peek_non_space();
        if (token.kind != TokenKind::kIf && token.kind != TokenKind::kWith) {
            tokens_.next();
            if (token.kind != TokenKind::kRightDelim) {
                return tokens_.unexpected(token, "else");
            }
        }
        return make_node(Node::Kind::kElse, token.offset);
    }

    StatusOr<Node> end_marker() {
        tokens_.next();
        const Token& token = tokens_.next_non_space();
        if (token.kind != TokenKind::kRightDelim) {
            return tokens_.unexpected(token, "end");
        }
        return make_node(Node::Kind::kEnd, token.offset);
    }

    // An if, range or with, up to its {{end}}.
    StatusOr<Node> control(Node::Kind kind, std::string_view context) {
        LOGI_RETURN_IF_ERROR(pipelines_.enter("nesting"));
        tokens_.next();
        const std::size_t outer_variables = pipelines_.variables().size();
        Node node = make_node(kind, 0);
        LOGI_ASSIGN_OR_RETURN(node.pipeline, pipelines_.parse(context, TokenKind::kRightDelim));
        node.offset = node.pipeline->offset;
        const int in_range = kind == Node::Kind::kRange ? 1 : 0;
        range_depth_ += in_range;
        LOGI_ASSIGN_OR_RETURN(const Node::Kind end, list(node.body));
        range_depth_ -= in_range;
        if (end == Node::Kind::kElse) {
            node.has_else = true;
            LOGI_RETURN_IF_ERROR(else_list(kind, context, node.else_body));
        }
        pipelines_.variables().resize(outer_variables);
        pipelines_.leave();
        return node;
    }

    Status else_list(Node::Kind kind, std::string_view context, std::vector<Node>& nodes) {
        const TokenKind token = tokens_.peek().kind;
        if ((kind == Node::Kind::kIf && token == TokenKind::kIf) ||
            (kind == Node::Kind::kWith && token == TokenKind::kWith)) {
            LOGI_ASSIGN_OR_RETURN(Node chained, control(kind, context));
            nodes.push_back(std::move(chained));
            return absl::OkStatus();
        }
        LOGI_ASSIGN_OR_RETURN(const Node::Kind end, list(nodes));
        return end == Node::Kind::kEnd ? absl::OkStatus()
                                       : tokens_.error("expected end; found {{else}}");
    }

    StatusOr<std::string> template_name(std::string_view context) {
        const Token& token = tokens_.next_non_space();
        if (token.kind != TokenKind::kString && token.kind != TokenKind::kRawString) {
            return tokens_.unexpected(token, context);
        }
        auto name = unquote(token.text);
        return name.ok() ? std::move(name) : tokens_.error(message_of(name.status()));
    }

    StatusOr<Node> template_call() {
        constexpr std::string_view kContext = "template clause";
        tokens_.next();
        Node node = make_node(Node::Kind::kTemplate, tokens_.peek_non_space().offset);
        LOGI_ASSIGN_OR_RETURN(node.text, template_name(kContext));
        if (tokens_.peek_non_space().kind == TokenKind::kRightDelim) {
            tokens_.next();
        } else {
            LOGI_ASSIGN_OR_RETURN(node.pipeline,
                                  pipelines_.parse(kContext, TokenKind::kRightDelim));
        }
        return node;
    }

    // A definition and its use at once.
    StatusOr<Node> block() {
        constexpr std::string_view kContext = "block clause";
        LOGI_RETURN_IF_ERROR(pipelines_.enter("nesting"));
        tokens_.next();
        Node node = make_node(Node::Kind::kTemplate, tokens_.peek_non_space().offset);
        LOGI_ASSIGN_OR_RETURN(node.text, template_name(kContext));
        LOGI_ASSIGN_OR_RETURN(node.pipeline, pipelines_.parse(kContext, TokenKind::kRightDelim));
        LOGI_RETURN_IF_ERROR(add_definition(node.text, kContext));
        pipelines_.leave();
        return node;
    }

    std::string_view name_;
    TokenStream tokens_;
    PipelineParser pipelines_;
    int range_depth_ = 0;
    Definitions definitions_;
};

}  // namespace

StatusOr<Definitions> parse_template(std::string_view name,
                                     std::string_view text,
                                     const FunctionTable& functions) {
    if (text.size() > kTextBytesMax) {
        return absl::InvalidArgumentError(absl::StrCat(
            "template: ", std::string(name), ": longer than ", kTextBytesMax, " bytes"));
    }
    return Parser(name, tokenize(text), functions).run();
}

}  // namespace logi::tmpl
