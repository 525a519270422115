// LogQL over several lines.
#include "absl/strings/str_cat.h"
#include "logql/names.h"
#include "logql/number.h"
#include "logql/print_parts.h"
#include "logql/printer.h"
#include "logql/units.h"
#include "model/labels.h"

namespace logi::logql {
namespace {

constexpr std::size_t kLineBytesMax = 100;

std::string indent(int level) {
    return std::string(static_cast<std::size_t>(level) * 2, ' ');
}

std::string pretty_at(const Expr& expr, int level);

// A row of line filters is one line, every other stage one of its own.
std::string pretty_log(const LogExpr& log, int level) {
    std::string line = to_string(log);
    if (line.size() <= kLineBytesMax || log.stages.empty()) {
        return indent(level) + line;
    }
    std::string out = indent(level);
    append_selector(out, log.matchers);
    bool after_line_filter = false;
    for (const Stage& stage : log.stages) {
        const bool line_filter = std::holds_alternative<LineFilterStage>(stage);
        out += line_filter && after_line_filter ? " " : "\n" + indent(level + 1);
        append_stage(out, stage);
        after_line_filter = line_filter;
    }
    return out;
}

std::string pretty_offset(Duration offset) {
    if (offset == Duration{}) {
        return "";
    }
    const bool whole_millis = offset.ns % kNanosPerMilli == 0;
    return " offset " +
           (whole_millis ? format_prometheus_duration(offset) : format_go_duration(offset));
}

// Whether `child`, spread over lines without parentheses, would be taken apart by `parent`.
bool needs_parentheses(const BinaryExpr& parent, const Expr& child, bool is_right) {
    const auto* inner = std::get_if<BinaryExpr>(&child.node);
    if (inner == nullptr || precedence(inner->op) > precedence(parent.op)) {
        return false;
    }
    const bool binds_right = parent.op == BinaryOp::kPow;
    return precedence(inner->op) < precedence(parent.op) || is_right != binds_right;
}

std::string pretty_leg(const BinaryExpr& parent, const Expr& leg, bool is_right, int level) {
    if (!needs_parentheses(parent, leg, is_right) || to_string(leg).size() <= kLineBytesMax) {
        return pretty_at(leg, level);
    }
    return absl::StrCat(indent(level), "(\n", pretty_at(leg, level + 1), "\n", indent(level), ")");
}

// The forms of what does not fit on a line.
struct PrettyPrinter {
    int level;

    std::string operator()(const LogExpr& log) const { return pretty_log(log, level); }

    std::string operator()(const RangeAggregation& node) const {
        std::string out = indent(level);
        out += name_of(kRangeOps, node.op);
        out += "(\n";
        if (node.parameter) {
            out += indent(level + 1) + format_fixed(*node.parameter) + ",\n";
        }
        out += pretty_log(node.log, level + 1);
        if (node.unwrap) {
            out += "\n" + indent(level + 2);
            append_unwrap(out, *node.unwrap);
            for (const auto& filter : node.unwrap->filters) {
                out += "\n" + indent(level + 2) + "| ";
                append_filter(out, *filter);
            }
        }
        out += " [" + format_prometheus_duration(node.range) + "]" + pretty_offset(node.offset);
        out += "\n" + indent(level) + ")";
        if (node.grouping) {
            append_grouping(out, *node.grouping, ", ");
        }
        return out;
    }

    std::string operator()(const VectorAggregation& node) const {
        std::string out = indent(level);
        out += name_of(kVectorOps, node.op);
        if (node.grouping) {
            append_grouping(out, *node.grouping, ", ");
        }
        out += "(\n";
        if (node.parameter != 0) {
            absl::StrAppend(&out, indent(level + 1), node.parameter, ",\n");
        }
        return out + pretty_at(*node.inner, level + 1) + "\n" + indent(level) + ")";
    }

    std::string operator()(const Literal& node) const {
        return indent(level) + literal_text(node.value);
    }

    std::string operator()(const VectorLiteral& node) const {
        return indent(level) + vector_literal_text(node.value);
    }

    std::string operator()(const LabelReplace& node) const {
        std::string out = indent(level) + "label_replace(\n" + pretty_at(*node.inner, level + 1);
        for (const auto* text : {&node.destination, &node.replacement, &node.source, &node.regex}) {
            out += ",\n" + indent(level + 1) + go_quote(*text);
        }
        return out + "\n" + indent(level) + ")";
    }

    std::string operator()(const BinaryExpr& node) const {
        const std::string right = pretty_leg(node, *node.right, true, level + 1);
        const bool parenthesis_follows = right[right.find_first_not_of(' ')] == '(';
        return absl::StrCat(pretty_leg(node, *node.left, false, level + 1),
                            "\n",
                            indent(level),
                            operator_text(node, ", ", parenthesis_follows),
                            "\n",
                            right);
    }
};

std::string pretty_at(const Expr& expr, int level) {
    std::string line = to_string(expr);
    return line.size() <= kLineBytesMax ? indent(level) + line
                                        : std::visit(PrettyPrinter{level}, expr.node);
}

}  // namespace

std::string pretty(const Expr& expr) {
    return pretty_at(expr, 0);
}

}  // namespace logi::logql
