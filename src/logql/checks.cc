#include "logql/checks.h"

#include "absl/container/flat_hash_set.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "logql/errors.h"
#include "logql/names.h"
#include "logql/tree.h"
#include "model/labels.h"
#include "regex/regex.h"

#include <cmath>

namespace logi::logql {
namespace {

using NameSet = absl::flat_hash_set<std::string_view>;

bool takes_grouping(RangeOp op) {
    switch (op) {
        case RangeOp::kAvgOverTime:
        case RangeOp::kMinOverTime:
        case RangeOp::kMaxOverTime:
        case RangeOp::kStddevOverTime:
        case RangeOp::kStdvarOverTime:
        case RangeOp::kQuantileOverTime:
        case RangeOp::kFirstOverTime:
        case RangeOp::kLastOverTime:
            return true;
        default:
            return false;
    }
}

bool works_without_unwrap(RangeOp op) {
    switch (op) {
        case RangeOp::kCountOverTime:
        case RangeOp::kRate:
        case RangeOp::kBytesOverTime:
        case RangeOp::kBytesRate:
        case RangeOp::kAbsentOverTime:
            return true;
        default:
            return false;
    }
}

bool works_with_unwrap(RangeOp op) {
    return op != RangeOp::kCountOverTime && op != RangeOp::kBytesOverTime &&
           op != RangeOp::kBytesRate;
}

// What is wrong with the regular expressions and addresses of a line filter, or nothing.
std::string line_filter_problem(const LineFilterStage& stage, RegexBudget& budget) {
    const bool contains = stage.op == FilterOp::kContains || stage.op == FilterOp::kNotContains;
    // Among alternatives, ip("…") is a text like any other.
    if (stage.any_of.size() == 1 && stage.any_of.front().ip && !contains) {
        return "ip: invalid operation";
    }
    if (stage.op != FilterOp::kMatches && stage.op != FilterOp::kNotMatches) {
        return "";
    }
    for (const auto& alternative : stage.any_of) {
        if (const auto regex = budget.compile(alternative.text); !regex.ok()) {
            return std::string(message_of(regex.status()));
        }
    }
    return "";
}

std::string label_format_problem(const LabelFormatStage& stage) {
    NameSet names;
    for (const auto& assignment : stage.assignments) {
        if (assignment.name == "__error__") {
            return "__error__ cannot be formatted";
        }
        if (!names.insert(assignment.name).second) {
            return absl::StrCat("multiple label name '",
                                assignment.name,
                                "' not allowed in a single format operation");
        }
    }
    return "";
}

Status check_pipeline(const LogExpr& log, RegexBudget& budget) {
    for (std::size_t i = 0; i < log.stages.size(); ++i) {
        const Stage& stage = log.stages[i];
        std::string problem;
        if (const auto* filter = std::get_if<LineFilterStage>(&stage)) {
            problem = line_filter_problem(*filter, budget);
        } else if (const auto* format = std::get_if<LabelFormatStage>(&stage)) {
            problem = label_format_problem(*format);
        }
        if (!problem.empty()) {
            return stage_failure(log, i, problem);
        }
    }
    return absl::OkStatus();
}

bool is_infinite(const LabelFilter& filter) {
    if (const auto* both = std::get_if<AndFilter>(&filter.node)) {
        return is_infinite(*both->left) || is_infinite(*both->right);
    }
    if (const auto* either = std::get_if<OrFilter>(&filter.node)) {
        return is_infinite(*either->left) || is_infinite(*either->right);
    }
    const auto* number = std::get_if<NumberFilter>(&filter.node);
    return number != nullptr && std::isinf(number->value);
}

bool has_infinite_filter(const LogExpr& log) {
    return std::any_of(log.stages.begin(), log.stages.end(), [](const Stage& stage) {
        const auto* filter = std::get_if<LabelFilterStage>(&stage);
        return filter != nullptr && is_infinite(*filter->filter);
    });
}

}  // namespace

Status RegexBudget::charge(std::size_t program_bytes) {
    if (program_bytes > left_) {
        left_ = 0;
        return absl::InvalidArgumentError("the regular expressions of the query are too large");
    }
    left_ -= program_bytes;
    return absl::OkStatus();
}

StatusOr<std::unique_ptr<regex::Regex>> RegexBudget::compile(std::string_view pattern) {
    LOGI_RETURN_IF_ERROR(charge(1));
    LOGI_ASSIGN_OR_RETURN(auto regex, regex::Regex::compile(pattern, {}));
    LOGI_RETURN_IF_ERROR(charge(regex->program_bytes()));
    return regex;
}

std::string check_range_aggregation(const RangeAggregation& node) {
    const std::string name(name_of(kRangeOps, node.op));
    if (node.grouping && !takes_grouping(node.op)) {
        return absl::StrCat("grouping not allowed for ", name, " aggregation");
    }
    if (node.unwrap && !works_with_unwrap(node.op)) {
        return absl::StrCat("invalid aggregation ", name, " with unwrap");
    }
    if (!node.unwrap && !works_without_unwrap(node.op)) {
        return absl::StrCat("invalid aggregation ", name, " without unwrap");
    }
    return "";
}

std::string check_vector_aggregation(VectorAggregation& node, const std::string& parameter) {
    const std::string name(name_of(kVectorOps, node.op));
    const bool takes_parameter = node.op == VectorOp::kTopk || node.op == VectorOp::kBottomk ||
                                 node.op == VectorOp::kApproxTopk;
    if (!takes_parameter && !parameter.empty()) {
        return absl::StrCat("unsupported parameter for operation ", name, "(", parameter, ",");
    }
    if (takes_parameter && parameter.empty()) {
        return absl::StrCat("parameter required for operation ", name);
    }
    if (takes_parameter && !absl::SimpleAtoi(parameter, &node.parameter)) {
        return absl::StrCat("invalid parameter ", name, "(", parameter, ",");
    }
    if (takes_parameter && node.parameter <= 0) {
        return absl::StrCat("invalid parameter (must be greater than 0) ", name, "(", parameter);
    }
    if (node.op == VectorOp::kApproxTopk && node.grouping) {
        return absl::StrCat("grouping not allowed for ", name, " aggregation");
    }
    const bool sorts = node.op == VectorOp::kSort || node.op == VectorOp::kSortDesc;
    if (sorts && node.grouping && !node.grouping->labels.empty()) {
        return "sort and sort_desc doesn't allow grouping by ";
    }
    return "";
}

std::string check_label_replace(const LabelReplace& node, RegexBudget& budget) {
    const auto regex = budget.compile(absl::StrCat("^(?:", node.regex, ")$"));
    if (regex.ok()) {
        return "";
    }
    return absl::StrCat("invalid regex in label_replace: ", regex.status().message());
}

std::string check_selector(const std::vector<Matcher>& matchers) {
    const bool selective = std::any_of(
        matchers.begin(), matchers.end(), [](const Matcher& m) { return !m.matches_empty(); });
    return selective ? ""
                     : "queries require at least one regexp or equality matcher that does not have "
                       "an empty-compatible value. For instance, app=~\".*\" does not meet this "
                       "requirement, but app=~\".+\" will";
}

Status check_regexp_stage(std::string_view regex, RegexBudget& budget) {
    const auto invalid = [](const std::string& problem) {
        return parse_failure(absl::StrCat("invalid regexp parser: ", problem));
    };
    const auto compiled = budget.compile(regex);
    if (!compiled.ok()) {
        return invalid(std::string(message_of(compiled.status())));
    }
    NameSet names;
    for (const std::string& name : (*compiled)->group_names()) {
        if (name.empty()) {
            continue;
        }
        if (!is_label_name(name)) {
            return invalid(absl::StrCat("invalid extracted label name '", name, "'"));
        }
        if (!names.insert(name).second) {
            return invalid(absl::StrCat("duplicate extracted label name '", name, "'"));
        }
    }
    return names.empty() ? invalid("at least one named capture must be supplied")
                         : absl::OkStatus();
}

Status check_stages(const Expr& expr, RegexBudget& budget) {
    if (const auto* log = std::get_if<LogExpr>(&expr.node)) {
        return check_pipeline(*log, budget);
    }
    Status status;
    for_each_range(expr, [&](const RangeAggregation& range) {
        if (status.ok()) {
            status = check_pipeline(range.log, budget);
        }
    });
    return status;
}

bool has_infinite_filter(const Expr& expr) {
    if (const auto* log = std::get_if<LogExpr>(&expr.node)) {
        return has_infinite_filter(*log);
    }
    bool infinite = false;
    for_each_range(expr, [&](const RangeAggregation& range) {
        infinite = infinite || has_infinite_filter(range.log);
        for (const auto& filter :
             range.unwrap ? range.unwrap->filters : std::vector<LabelFilterPtr>()) {
            infinite = infinite || is_infinite(*filter);
        }
    });
    return infinite;
}

}  // namespace logi::logql
