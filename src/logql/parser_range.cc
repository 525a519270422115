// Range aggregations. The range, its offset and the pipeline may stand in several orders.
#include "absl/strings/str_cat.h"
#include "logql/checks.h"
#include "logql/lexer.h"
#include "logql/names.h"
#include "logql/number.h"
#include "logql/parser_impl.h"

namespace logi::logql {
namespace {

// Sets node.parameter. Returns what is wrong, or nothing.
std::string set_parameter(RangeAggregation& node, const std::string& text) {
    const bool wanted = node.op == RangeOp::kQuantileOverTime;
    const std::string name(name_of(kRangeOps, node.op));
    if (text.empty()) {
        return wanted ? "parameter required for operation " + name : "";
    }
    if (!wanted) {
        return absl::StrCat("parameter ", text, " not supported for operation ", name);
    }
    const ParsedNumber number = parse_number(text);
    node.parameter = number.value;
    if (number.problem.empty()) {
        return "";
    }
    return absl::StrCat("invalid parameter for operation ",
                        name,
                        ": strconv.ParseFloat: parsing \"",
                        text,
                        "\": ",
                        std::string(number.problem));
}

}  // namespace

StatusOr<Parser::DeepExpr> Parser::range_aggregation(RangeOp op) {
    const std::size_t at = at_++;
    LOGI_RETURN_IF_ERROR(expect("(", "("));
    std::string parameter;
    if (is(TokenKind::kNumber)) {
        parameter = take_text();
        LOGI_RETURN_IF_ERROR(expect(",", ","));
    }
    LOGI_ASSIGN_OR_RETURN(RangeAggregation node,
                          log_range(parameter.empty() ? "NUMBER or { or (" : "{ or ("));
    node.op = op;
    LOGI_RETURN_IF_ERROR(expect(")", ")"));
    LOGI_ASSIGN_OR_RETURN(node.grouping, grouping());
    std::string problem = set_parameter(node, parameter);
    defer(at, problem.empty() ? check_range_aggregation(node) : problem);
    return DeepExpr{std::make_unique<Expr>(Expr{std::move(node)})};
}

// What a range aggregation is over, alone or in parentheses.
StatusOr<RangeAggregation> Parser::log_range(std::string_view expecting) {
    const Nesting nesting(open_exprs_);
    LOGI_RETURN_IF_ERROR(nesting.check());
    const bool parenthesised = take("(");
    if (parenthesised && is("(")) {
        LOGI_ASSIGN_OR_RETURN(RangeAggregation inner, log_range("{ or ("));
        LOGI_RETURN_IF_ERROR(expect(")", ")"));
        return inner;
    }
    if (!is("{")) {
        return unexpected(expecting);
    }
    RangeAggregation node;
    LOGI_ASSIGN_OR_RETURN(node.log.matchers, selector());
    LOGI_ASSIGN_OR_RETURN(const bool ranged, behind_selector(node));
    if (parenthesised) {
        LOGI_RETURN_IF_ERROR(expect(")"));
    }
    if (ranged) {
        return node;
    }
    if (!parenthesised) {
        return unexpected(node.unwrap && node.unwrap->filters.empty() ? "RANGE or |" : "");
    }
    const bool bare = node.log.stages.empty() && !node.unwrap;
    LOGI_RETURN_IF_ERROR(range_and_offset(node));
    if (bare && at_unwrap()) {
        LOGI_RETURN_IF_ERROR(unwrap(node));
    }
    return node;
}

// Whether the range was there, in front of or behind the pipeline.
StatusOr<bool> Parser::behind_selector(RangeAggregation& node) {
    const bool range_first = is(TokenKind::kRange);
    if (range_first) {
        LOGI_RETURN_IF_ERROR(range_and_offset(node));
    }
    LOGI_RETURN_IF_ERROR(pipeline(node.log.stages, true));
    if (at_unwrap()) {
        LOGI_RETURN_IF_ERROR(unwrap(node));
    }
    if (range_first || !is(TokenKind::kRange)) {
        return range_first;
    }
    LOGI_RETURN_IF_ERROR(range_and_offset(node));
    return true;
}

Status Parser::range_and_offset(RangeAggregation& node) {
    if (!is(TokenKind::kRange)) {
        return unexpected("RANGE");
    }
    node.range = peek().duration;
    ++at_;
    if (!take("offset")) {
        return absl::OkStatus();
    }
    if (!is(TokenKind::kDuration)) {
        return unexpected("DURATION");
    }
    node.offset = peek().duration;
    ++at_;
    return absl::OkStatus();
}

// | unwrap label, | unwrap bytes(label); label filters may follow.
Status Parser::unwrap(RangeAggregation& node) {
    at_ += 2;
    Unwrap& unwrap = node.unwrap.emplace();
    const auto conversion = is(TokenKind::kFunction)
                                ? op_of<Unwrap::Conversion>(kConversions, peek().text)
                                : std::nullopt;
    if (conversion) {
        unwrap.conversion = *conversion;
        ++at_;
        LOGI_RETURN_IF_ERROR(expect("(", "("));
        LOGI_ASSIGN_OR_RETURN(unwrap.label, expect_identifier());
        LOGI_RETURN_IF_ERROR(expect(")", ")"));
    } else if (is(TokenKind::kIdentifier)) {
        unwrap.label = take_text();
    } else {
        return unexpected("IDENTIFIER or BYTES_CONV or DURATION_CONV or DURATION_SECONDS_CONV");
    }
    while (take("|")) {
        LOGI_ASSIGN_OR_RETURN(LabelFilterPtr filter, label_filter("IDENTIFIER or ("));
        unwrap.filters.push_back(std::move(filter));
    }
    return absl::OkStatus();
}

}  // namespace logi::logql
