// Label filters: comparisons joined by and, or, comma, or nothing at all.
#include "logql/checks.h"
#include "logql/lexer.h"
#include "logql/names.h"
#include "logql/number.h"
#include "logql/parser_impl.h"

namespace logi::logql {
namespace {

// The grammar gives a comma and juxtaposition no precedence, and thus everything behind them as
// their right side.
enum class Joint { kOr, kAnd, kLoose };

bool binds_before(Joint joint, Joint next) {
    if (joint == Joint::kLoose || next == Joint::kLoose) {
        return false;
    }
    return joint == next || joint == Joint::kAnd;
}

LabelFilterPtr join(Joint joint, LabelFilterPtr left, LabelFilterPtr right) {
    LabelFilter filter = joint == Joint::kOr
                             ? LabelFilter{OrFilter{std::move(left), std::move(right)}}
                             : LabelFilter{AndFilter{std::move(left), std::move(right)}};
    return std::make_shared<const LabelFilter>(std::move(filter));
}

}  // namespace

StatusOr<LabelFilterPtr> Parser::label_filter(std::string_view expecting) {
    if (!is(TokenKind::kIdentifier) && !is("(")) {
        return unexpected(expecting);
    }
    LOGI_ASSIGN_OR_RETURN(DeepFilter filter, filter_expression());
    return std::move(filter.tree);
}

StatusOr<Parser::DeepFilter> Parser::filter_expression() {
    std::vector<DeepFilter> operands;
    std::vector<Joint> joints;
    const auto reduce_top = [&] {
        DeepFilter right = std::move(operands.back());
        operands.pop_back();
        DeepFilter& left = operands.back();
        left.tree = join(joints.back(), std::move(left.tree), std::move(right.tree));
        left.depth = std::max(left.depth, right.depth) + 1;
        joints.pop_back();
        return check_depth(left.depth);
    };
    while (true) {
        LOGI_ASSIGN_OR_RETURN(DeepFilter operand, filter_operand());
        operands.push_back(std::move(operand));
        const bool juxtaposed = is(TokenKind::kIdentifier) || is("(");
        if (!juxtaposed && !is("or") && !is("and") && !is(",")) {
            break;
        }
        const Joint joint = is("or") ? Joint::kOr : is("and") ? Joint::kAnd : Joint::kLoose;
        while (!joints.empty() && binds_before(joints.back(), joint)) {
            LOGI_RETURN_IF_ERROR(reduce_top());
        }
        joints.push_back(joint);
        at_ += juxtaposed ? 0 : 1;
    }
    while (!joints.empty()) {
        LOGI_RETURN_IF_ERROR(reduce_top());
    }
    return std::move(operands.back());
}

StatusOr<Parser::DeepFilter> Parser::filter_operand() {
    const Nesting nesting(open_filters_);
    LOGI_RETURN_IF_ERROR(nesting.check());
    if (take("(")) {
        LOGI_ASSIGN_OR_RETURN(DeepFilter inner, filter_expression());
        LOGI_RETURN_IF_ERROR(expect(")"));
        return inner;
    }
    if (!is(TokenKind::kIdentifier)) {
        return unexpected("IDENTIFIER or (");
    }
    LOGI_ASSIGN_OR_RETURN(LabelFilter filter, comparison());
    return DeepFilter{std::make_shared<const LabelFilter>(std::move(filter))};
}

StatusOr<LabelFilter> Parser::comparison() {
    std::string name = take_text();
    const bool equal = is("=");
    const bool not_equal = is("!=");
    if (is("=~") || is("!~") || ((equal || not_equal) && is(TokenKind::kString, 1))) {
        LOGI_ASSIGN_OR_RETURN(Matcher matcher, matcher(std::move(name)));
        return LabelFilter{std::move(matcher)};
    }
    const auto op = equal                  ? std::optional(CompareOp::kEqual)
                    : is(TokenKind::kWord) ? op_of<CompareOp>(kCompareOps, peek().text)
                                           : std::nullopt;
    if (!op) {
        return unexpected();
    }
    ++at_;
    if ((equal || not_equal) && is_function("ip")) {
        ++at_;
        LOGI_RETURN_IF_ERROR(expect("(", "("));
        LOGI_ASSIGN_OR_RETURN(std::string pattern, expect_string());
        LOGI_RETURN_IF_ERROR(expect(")", ")"));
        return LabelFilter{IpFilter{std::move(name), not_equal, std::move(pattern)}};
    }
    const Token& value = peek();
    if (value.kind == TokenKind::kDuration) {
        ++at_;
        return LabelFilter{DurationFilter{std::move(name), *op, value.duration}};
    }
    if (value.kind == TokenKind::kBytes) {
        ++at_;
        return LabelFilter{BytesFilter{std::move(name), *op, value.bytes}};
    }
    const bool negative = is("-");
    const bool sign = negative || is("+");
    at_ += sign ? 1 : 0;
    if (!is(TokenKind::kNumber)) {
        return unexpected(sign ? "NUMBER" : "");
    }
    // A number that Go does not read, as 0x10, is 0 here, as in Loki.
    const double number = parse_number(peek().text).value;
    ++at_;
    return LabelFilter{NumberFilter{std::move(name), *op, negative ? -number : number}};
}

}  // namespace logi::logql
