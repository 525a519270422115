// Expressions over metrics: operators by precedence, aggregations over series, functions.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "logql/checks.h"
#include "logql/errors.h"
#include "logql/fold.h"
#include "logql/lexer.h"
#include "logql/names.h"
#include "logql/number.h"
#include "logql/parser_impl.h"

namespace logi::logql {
namespace {

ExprPtr make_expr(decltype(Expr::node) node) {
    return std::make_unique<Expr>(Expr{std::move(node)});
}

// Whether an operator that has both its operands in front of `next` takes them.
bool binds_before(BinaryOp op, BinaryOp next) {
    return precedence(op) > precedence(next) ||
           (precedence(op) == precedence(next) && op != BinaryOp::kPow);
}

Status check_leg(const Expr& leg, std::string_view side, std::string_view op) {
    if (!is_log_query(leg)) {
        return absl::OkStatus();
    }
    return parse_failure(absl::StrCat("unexpected type for ",
                                      std::string(side),
                                      " leg of binary operation (",
                                      std::string(op),
                                      "): a log query, not a metric query"));
}

Status check_set_leg(const Literal* leg, std::string_view side, std::string_view op) {
    if (leg == nullptr) {
        return absl::OkStatus();
    }
    return parse_failure(
        absl::StrFormat("unexpected literal for %s leg of logical/set binary operation (%s): %f",
                        std::string(side),
                        std::string(op),
                        leg->value));
}

std::string literal_problem(std::string_view text, const ParsedNumber& number) {
    if (number.problem.empty()) {
        return "";
    }
    return absl::StrCat("unable to parse literal as a float: strconv.ParseFloat: parsing \"",
                        std::string(text),
                        "\": ",
                        std::string(number.problem));
}

}  // namespace

StatusOr<Parser::DeepExpr> Parser::expression() {
    std::vector<DeepExpr> operands;
    std::vector<PendingOp> ops;
    const auto reduce_top = [&] {
        const Status status = reduce(operands, std::move(ops.back()));
        ops.pop_back();
        return status;
    };
    LOGI_ASSIGN_OR_RETURN(DeepExpr first, operand());
    operands.push_back(std::move(first));
    while (is(TokenKind::kWord)) {
        const auto op = op_of<BinaryOp>(kBinaryOps, peek().text);
        if (!op) {
            break;
        }
        while (!ops.empty() && binds_before(ops.back().op, *op)) {
            LOGI_RETURN_IF_ERROR(reduce_top());
        }
        LOGI_ASSIGN_OR_RETURN(PendingOp pending, binary_op(*op));
        ops.push_back(std::move(pending));
        LOGI_ASSIGN_OR_RETURN(DeepExpr next, operand());
        operands.push_back(std::move(next));
    }
    while (!ops.empty()) {
        LOGI_RETURN_IF_ERROR(reduce_top());
    }
    return std::move(operands.back());
}

// Replaces the last two operands by their combination.
Status Parser::reduce(std::vector<DeepExpr>& operands, PendingOp op) {
    DeepExpr right = std::move(operands.back());
    operands.pop_back();
    DeepExpr& left = operands.back();
    const std::string_view name = name_of(kBinaryOps, op.op);
    LOGI_RETURN_IF_ERROR(check_leg(*left.tree, "left", name));
    LOGI_RETURN_IF_ERROR(check_leg(*right.tree, "right", name));
    const auto* left_literal = std::get_if<Literal>(&left.tree->node);
    const auto* right_literal = std::get_if<Literal>(&right.tree->node);
    if (is_set_op(op.op)) {
        LOGI_RETURN_IF_ERROR(check_set_leg(left_literal, "left", name));
        LOGI_RETURN_IF_ERROR(check_set_leg(right_literal, "right", name));
    }
    if (left_literal != nullptr && right_literal != nullptr) {
        left.tree = make_expr(Literal{fold(op.op, left_literal->value, right_literal->value)});
        return absl::OkStatus();
    }
    left.depth = std::max(left.depth, right.depth) + 1;
    LOGI_RETURN_IF_ERROR(check_depth(left.depth));
    BinaryExpr node;
    node.op = op.op;
    node.return_bool = op.return_bool;
    node.matching = std::move(op.matching);
    node.left = std::move(left.tree);
    node.right = std::move(right.tree);
    left.tree = make_expr(std::move(node));
    return absl::OkStatus();
}

StatusOr<Parser::PendingOp> Parser::binary_op(BinaryOp op) {
    ++at_;
    PendingOp pending;
    pending.op = op;
    pending.return_bool = take("bool");
    if (is("on") || is("ignoring")) {
        VectorMatching& matching = pending.matching.emplace();
        LOGI_RETURN_IF_ERROR(vector_matching(matching));
        const bool one_to_one = matching.cardinality == VectorMatching::Cardinality::kOneToOne;
        if (!matching.on && matching.labels.empty() && one_to_one) {
            pending.matching.reset();  // ignoring () is no matching
        }
    }
    return pending;
}

Status Parser::vector_matching(VectorMatching& matching) {
    using Cardinality = VectorMatching::Cardinality;
    matching.on = is("on");
    ++at_;
    LOGI_ASSIGN_OR_RETURN(matching.labels, label_list());
    if (is("group_left") || is("group_right")) {
        matching.cardinality = is("group_left") ? Cardinality::kManyToOne : Cardinality::kOneToMany;
        ++at_;
        if (is("(")) {
            LOGI_ASSIGN_OR_RETURN(matching.include, label_list());
        }
    }
    return absl::OkStatus();
}

StatusOr<Parser::DeepExpr> Parser::metric_expression() {
    LOGI_ASSIGN_OR_RETURN(DeepExpr expr, expression());
    if (is_log_query(*expr.tree)) {
        return unexpected();
    }
    return expr;
}

StatusOr<Parser::DeepExpr> Parser::operand() {
    const Nesting nesting(open_exprs_);
    LOGI_RETURN_IF_ERROR(nesting.check());
    if (take("(")) {
        LOGI_ASSIGN_OR_RETURN(DeepExpr inner, expression());
        LOGI_RETURN_IF_ERROR(expect(")"));
        return inner;
    }
    if (is("{")) {
        LOGI_ASSIGN_OR_RETURN(LogExpr log, log_query());
        return DeepExpr{make_expr(std::move(log))};
    }
    if (is(TokenKind::kNumber) || is("+") || is("-")) {
        return literal();
    }
    if (is("label_replace")) {
        return label_replace();
    }
    if (is("variants")) {
        return variants();
    }
    return call();
}

StatusOr<Parser::DeepExpr> Parser::literal() {
    const bool negative = is("-");
    if (!is(TokenKind::kNumber)) {
        ++at_;
    }
    if (!is(TokenKind::kNumber)) {
        return unexpected("NUMBER");
    }
    const ParsedNumber number = parse_number(peek().text);
    defer(at_, literal_problem(peek().text, number));
    ++at_;
    return DeepExpr{make_expr(Literal{negative ? -number.value : number.value})};
}

StatusOr<Parser::DeepExpr> Parser::call() {
    if (is(TokenKind::kFunction)) {
        if (const auto op = op_of<RangeOp>(kRangeOps, peek().text)) {
            return range_aggregation(*op);
        }
        if (const auto op = op_of<VectorOp>(kVectorOps, peek().text)) {
            return vector_aggregation(*op);
        }
        if (is_function("vector")) {
            return vector_literal();
        }
    }
    return unexpected();
}

StatusOr<Parser::DeepExpr> Parser::vector_aggregation(VectorOp op) {
    const std::size_t at = at_++;
    VectorAggregation node;
    node.op = op;
    LOGI_ASSIGN_OR_RETURN(node.grouping, grouping());
    const bool grouped = node.grouping.has_value();
    LOGI_RETURN_IF_ERROR(expect("(", "("));
    std::string parameter;
    if (is(TokenKind::kNumber) && is(",", 1)) {
        parameter = take_text();
        ++at_;
    }
    LOGI_ASSIGN_OR_RETURN(DeepExpr inner, metric_expression());
    LOGI_RETURN_IF_ERROR(expect(")"));
    if (!grouped) {
        LOGI_ASSIGN_OR_RETURN(node.grouping, grouping());
    }
    defer(at, check_vector_aggregation(node, parameter));
    if (node.grouping && !node.grouping->without && node.grouping->labels.empty()) {
        node.grouping.reset();  // by () is no grouping
    }
    LOGI_RETURN_IF_ERROR(check_depth(inner.depth + 1));
    node.inner = std::move(inner.tree);
    return DeepExpr{make_expr(std::move(node)), inner.depth + 1};
}

StatusOr<Parser::DeepExpr> Parser::vector_literal() {
    ++at_;
    LOGI_RETURN_IF_ERROR(expect("(", "("));
    if (!is(TokenKind::kNumber)) {
        return unexpected("NUMBER");
    }
    const ParsedNumber number = parse_number(peek().text);
    defer(at_, literal_problem(peek().text, number));
    ++at_;
    LOGI_RETURN_IF_ERROR(expect(")", ")"));
    return DeepExpr{make_expr(VectorLiteral{number.value})};
}

StatusOr<Parser::DeepExpr> Parser::label_replace() {
    const std::size_t at = at_++;
    LOGI_RETURN_IF_ERROR(expect("(", "("));
    LabelReplace node;
    LOGI_ASSIGN_OR_RETURN(DeepExpr inner, metric_expression());
    node.inner = std::move(inner.tree);
    for (std::string* argument :
         {&node.destination, &node.replacement, &node.source, &node.regex}) {
        LOGI_RETURN_IF_ERROR(expect(",", argument == &node.destination ? "" : ","));
        LOGI_ASSIGN_OR_RETURN(*argument, expect_string());
    }
    LOGI_RETURN_IF_ERROR(expect(")", ")"));
    defer(at, check_label_replace(node, regexes_));
    LOGI_RETURN_IF_ERROR(check_depth(inner.depth + 1));
    return DeepExpr{make_expr(std::move(node)), inner.depth + 1};
}

// variants(…, …) of (…[5m]): read, so that mistakes in it are told, and refused.
StatusOr<Parser::DeepExpr> Parser::variants() {
    ++at_;
    LOGI_RETURN_IF_ERROR(expect("(", "("));
    do {
        LOGI_ASSIGN_OR_RETURN(const DeepExpr variant, metric_expression());
    } while (take(","));
    LOGI_RETURN_IF_ERROR(expect(")"));
    LOGI_RETURN_IF_ERROR(expect("of", "of"));
    LOGI_RETURN_IF_ERROR(expect("(", "("));
    LOGI_ASSIGN_OR_RETURN(const RangeAggregation range, log_range("{ or ("));
    LOGI_RETURN_IF_ERROR(expect(")", ")"));
    return absl::InvalidArgumentError("multi variant queries are disabled for this instance");
}

StatusOr<std::optional<Grouping>> Parser::grouping() {
    if (!is("by") && !is("without")) {
        return std::optional<Grouping>();
    }
    Grouping grouping;
    grouping.without = is("without");
    ++at_;
    LOGI_ASSIGN_OR_RETURN(grouping.labels, label_list());
    return std::optional(std::move(grouping));
}

// "(" [name {"," name}] ")"
StatusOr<std::vector<std::string>> Parser::label_list() {
    LOGI_RETURN_IF_ERROR(expect("(", "("));
    std::vector<std::string> labels;
    if (take(")")) {
        return labels;
    }
    if (!is(TokenKind::kIdentifier)) {
        return unexpected("IDENTIFIER or )");
    }
    do {
        LOGI_ASSIGN_OR_RETURN(std::string label, expect_identifier());
        labels.push_back(std::move(label));
    } while (take(","));
    LOGI_RETURN_IF_ERROR(expect(")", ", or )"));
    return labels;
}

}  // namespace logi::logql
