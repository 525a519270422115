#include "logql/printer.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "logql/names.h"
#include "logql/number.h"
#include "logql/print_parts.h"
#include "logql/units.h"
#include "model/labels.h"

#include <cmath>

namespace logi::logql {
namespace {

bool opens_with_parenthesis(const Expr& expr) {
    const auto* literal = std::get_if<Literal>(&expr.node);
    return std::holds_alternative<BinaryExpr>(expr.node) ||
           (literal != nullptr && !std::isfinite(literal->value));
}

struct ExprPrinter {
    std::string& out;
    TextSpans* spans;

    void append(const Expr& expr) const {
        const std::size_t begin = out.size();
        std::visit(*this, expr.node);
        note(&expr, begin);
    }

    void note(const void* node, std::size_t begin) const {
        if (spans != nullptr) {
            (*spans)[node] = {begin, out.size() - begin};
        }
    }

    void operator()(const LogExpr& log) const {
        const std::size_t begin = out.size();
        append_log(out, log);
        note(&log, begin);
    }

    void operator()(const RangeAggregation& node) const {
        out += name_of(kRangeOps, node.op);
        out += "(";
        if (node.parameter) {
            out += format_fixed(*node.parameter) + ",";
        }
        (*this)(node.log);
        if (node.unwrap) {
            out += " ";
            append_unwrap(out, *node.unwrap);
            for (const auto& filter : node.unwrap->filters) {
                out += " | ";
                append_filter(out, *filter);
            }
        }
        out += "[" + format_prometheus_duration(node.range) + "]";
        if (node.offset != Duration{}) {
            out += " offset " + format_go_duration(node.offset);
        }
        out += ")";
        if (node.grouping) {
            append_grouping(out, *node.grouping, ",");
        }
    }

    void operator()(const VectorAggregation& node) const {
        out += name_of(kVectorOps, node.op);
        if (node.grouping) {
            append_grouping(out, *node.grouping, ",");
        }
        out += "(";
        if (node.parameter != 0) {
            absl::StrAppend(&out, node.parameter, ",");
        }
        append(*node.inner);
        out += ")";
    }

    void operator()(const Literal& node) const { out += literal_text(node.value); }

    void operator()(const VectorLiteral& node) const { out += vector_literal_text(node.value); }

    void operator()(const LabelReplace& node) const {
        out += "label_replace(";
        append(*node.inner);
        for (const auto* text : {&node.destination, &node.replacement, &node.source, &node.regex}) {
            out += "," + go_quote(*text);
        }
        out += ")";
    }

    void operator()(const BinaryExpr& node) const {
        out += "(";
        append(*node.left);
        out += " " + operator_text(node, ",", opens_with_parenthesis(*node.right));
        // Loki puts two spaces where a matching has no group.
        const bool two = node.matching &&
                         node.matching->cardinality == VectorMatching::Cardinality::kOneToOne &&
                         (node.matching->on || !node.matching->labels.empty());
        out += two ? "  " : " ";
        append(*node.right);
        out += ")";
    }
};

}  // namespace

std::string literal_text(double value) {
    if (std::isnan(value)) {
        return "(0 / 0)";
    }
    if (std::isinf(value)) {
        return value > 0 ? "(10 ^ 309)" : "(-10 ^ 309)";
    }
    return format_general(value);
}

std::string vector_literal_text(double value) {
    // Six decimals as in Loki, unless they are not enough.
    std::string text = absl::StrFormat("%f", value);
    if (parse_number(text).value != value) {
        text = format_fixed(value);
    }
    return "vector(" + text + ")";
}

void append_grouping(std::string& out, const Grouping& grouping, std::string_view separator) {
    out += grouping.without ? " without (" : " by (";
    append_strings(out, grouping.labels, separator);
    out += ")";
}

std::string operator_text(const BinaryExpr& node,
                          std::string_view separator,
                          bool parenthesis_follows) {
    using Cardinality = VectorMatching::Cardinality;
    std::string out(name_of(kBinaryOps, node.op));
    if (node.return_bool) {
        out += " bool";
    }
    const bool grouped = node.matching && node.matching->cardinality != Cardinality::kOneToOne;
    if (!node.matching || (!node.matching->on && node.matching->labels.empty() && !grouped)) {
        return out;
    }
    out += node.matching->on ? " on (" : " ignoring (";
    append_strings(out, node.matching->labels, separator);
    out += ")";
    if (!grouped) {
        return out;
    }
    out += node.matching->cardinality == Cardinality::kManyToOne ? " group_left" : " group_right";
    // The parenthesis would be taken for the labels of group_left.
    if (!node.matching->include.empty() || parenthesis_follows) {
        out += " (";
        append_strings(out, node.matching->include, separator);
        out += ")";
    }
    return out;
}

void append_expr(std::string& out, const Expr& expr, TextSpans* spans) {
    ExprPrinter{out, spans}.append(expr);
}

std::string to_string(const Expr& expr) {
    std::string out;
    append_expr(out, expr, nullptr);
    return out;
}

}  // namespace logi::logql
