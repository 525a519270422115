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

// The shorter form, where it can be read back: Go's durations know no days, Prometheus' no sign and
// nothing finer than milliseconds.
std::string offset_text(Duration offset) {
    const std::string text = format_prometheus_duration(offset);
    return " offset " + (parse_duration(text) == offset ? text : format_go_duration(offset));
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

// Appends to out_. What is short is copied from the text on one line.
class PrettyPrinter {
  public:
    explicit PrettyPrinter(const Expr& root) { append_expr(line_, root, &spans_); }

    std::string run(const Expr& root) && {
        append(root);
        return std::move(out_);
    }

    // The forms of what does not fit on a line.

    void operator()(const LogExpr& log) { append(log); }

    void operator()(const RangeAggregation& node) {
        open(name_of(kRangeOps, node.op));
        if (node.parameter) {
            begin_line(format_fixed(*node.parameter) + ",\n");
        }
        append(node.log);
        if (node.unwrap) {
            append_unwrap_lines(*node.unwrap);
        }
        out_ += " [" + format_prometheus_duration(node.range) + "]";
        if (node.offset != Duration{}) {
            out_ += offset_text(node.offset);
        }
        close();
        if (node.grouping) {
            append_grouping(out_, *node.grouping, ", ");
        }
    }

    void operator()(const VectorAggregation& node) {
        std::string head(name_of(kVectorOps, node.op));
        if (node.grouping) {
            append_grouping(head, *node.grouping, ", ");
        }
        open(head);
        if (node.parameter != 0) {
            begin_line(absl::StrCat(node.parameter, ",\n"));
        }
        append(*node.inner);
        close();
    }

    void operator()(const Literal& node) { begin_line(literal_text(node.value)); }

    void operator()(const VectorLiteral& node) { begin_line(vector_literal_text(node.value)); }

    void operator()(const LabelReplace& node) {
        open("label_replace");
        append(*node.inner);
        for (const auto* text : {&node.destination, &node.replacement, &node.source, &node.regex}) {
            out_ += ",\n";
            begin_line(go_quote(*text));
        }
        close();
    }

    void operator()(const BinaryExpr& node) {
        append_leg(node, *node.left, false);
        out_ += "\n";
        const std::size_t at = out_.size();
        append_leg(node, *node.right, true);
        const bool parenthesis_follows = out_[out_.find_first_not_of(' ', at)] == '(';
        out_.insert(at, indent() + operator_text(node, ", ", parenthesis_follows) + "\n");
    }

  private:
    [[nodiscard]] std::string_view on_one_line(const void* node) const {
        const auto [begin, length] = spans_.at(node);
        return std::string_view(line_).substr(begin, length);
    }

    [[nodiscard]] std::string indent() const {
        return std::string(static_cast<std::size_t>(level_) * 2, ' ');
    }

    void begin_line(std::string_view text) {
        out_ += indent();
        out_ += text;
    }

    void open(std::string_view head) {
        begin_line(head);
        out_ += "(\n";
        ++level_;
    }

    void close() {
        --level_;
        out_ += "\n";
        begin_line(")");
    }

    void append(const Expr& expr) {
        const std::string_view line = on_one_line(&expr);
        if (line.size() <= kLineBytesMax) {
            begin_line(line);
        } else {
            std::visit(*this, expr.node);
        }
    }

    // A row of line filters is one line, every other stage one of its own.
    void append(const LogExpr& log) {
        const std::string_view line = on_one_line(&log);
        if (line.size() <= kLineBytesMax || log.stages.empty()) {
            begin_line(line);
            return;
        }
        out_ += indent();
        append_selector(out_, log.matchers);
        ++level_;
        bool after_line_filter = false;
        for (const Stage& stage : log.stages) {
            const bool line_filter = std::holds_alternative<LineFilterStage>(stage);
            out_ += line_filter && after_line_filter ? " " : "\n" + indent();
            append_stage(out_, stage);
            after_line_filter = line_filter;
        }
        --level_;
    }

    void append_unwrap_lines(const Unwrap& unwrap) {
        ++level_;
        out_ += "\n" + indent();
        append_unwrap(out_, unwrap);
        for (const auto& filter : unwrap.filters) {
            out_ += "\n" + indent() + "| ";
            append_filter(out_, *filter);
        }
        --level_;
    }

    void append_leg(const BinaryExpr& parent, const Expr& leg, bool is_right) {
        ++level_;
        if (on_one_line(&leg).size() > kLineBytesMax && needs_parentheses(parent, leg, is_right)) {
            open("");
            append(leg);
            close();
        } else {
            append(leg);
        }
        --level_;
    }

    std::string line_;
    TextSpans spans_;
    std::string out_;
    int level_ = 0;
};

}  // namespace

std::string pretty(const Expr& expr) {
    return PrettyPrinter(expr).run(expr);
}

}  // namespace logi::logql
