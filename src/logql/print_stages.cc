// Selectors, stages and label filters as text.
#include "logql/names.h"
#include "logql/number.h"
#include "logql/print_parts.h"
#include "logql/printer.h"
#include "logql/units.h"
#include "model/labels.h"

namespace logi::logql {
namespace {

// name OP value of a comparison.
void append_comparison(std::string& out,
                       const std::string& name,
                       CompareOp op,
                       std::string_view value) {
    out += name;
    out += name_of(kCompareOps, op);
    out += value;
}

void append_joined(std::string& out,
                   const LabelFilterPtr& left,
                   std::string_view joint,
                   const LabelFilterPtr& right) {
    out += "( ";
    append_filter(out, *left);
    out += joint;
    append_filter(out, *right);
    out += " )";
}

struct FilterPrinter {
    std::string& out;

    void operator()(const Matcher& matcher) const { out += matcher.to_string(); }
    void operator()(const IpFilter& filter) const {
        out += filter.name;
        out += filter.negated ? "!=ip(" : "=ip(";
        out += go_quote(filter.pattern) + ")";
    }
    void operator()(const NumberFilter& filter) const {
        append_comparison(out, filter.name, filter.op, format_fixed(filter.value));
    }
    void operator()(const DurationFilter& filter) const {
        append_comparison(out, filter.name, filter.op, format_go_duration(filter.value));
    }
    void operator()(const BytesFilter& filter) const {
        append_comparison(out, filter.name, filter.op, format_byte_size(filter.value));
    }
    void operator()(const AndFilter& filter) const {
        append_joined(out, filter.left, " , ", filter.right);
    }
    void operator()(const OrFilter& filter) const {
        append_joined(out, filter.left, " or ", filter.right);
    }
};

// Appends `print(item)` of each item, with commas between.
template <typename Items, typename Print>
void append_list(std::string& out, const Items& items, Print print) {
    for (std::size_t i = 0; i < items.size(); ++i) {
        out += i == 0 ? " " : ",";
        out += print(items[i]);
    }
}

std::string extraction_text(const Extraction& extraction) {
    return extraction.name + "=" + go_quote(extraction.path);
}

std::string item_text(const NameOrMatcher& item) {
    return item.matcher ? item.matcher->to_string() : item.name;
}

std::string assignment_text(const LabelFormatStage::Assignment& assignment) {
    return assignment.name + "=" +
           (assignment.rename ? assignment.value : go_quote(assignment.value));
}

struct StagePrinter {
    std::string& out;

    void operator()(const LineFilterStage& stage) const {
        out += name_of(kFilterOps, stage.op);
        for (std::size_t i = 0; i < stage.any_of.size(); ++i) {
            const auto& alternative = stage.any_of[i];
            out += i == 0 ? " " : " or ";
            out += alternative.ip ? "ip(" + go_quote(alternative.text) + ")"
                                  : go_quote(alternative.text);
        }
    }
    void operator()(const JsonStage& stage) const {
        out += "| json";
        append_list(out, stage.extractions, extraction_text);
    }
    void operator()(const LogfmtStage& stage) const {
        out += "| logfmt";
        out += stage.strict ? " --strict" : "";
        out += stage.keep_empty ? " --keep-empty" : "";
        append_list(out, stage.extractions, extraction_text);
    }
    void operator()(const PatternStage& stage) const {
        out += "| pattern " + go_quote(stage.pattern);
    }
    void operator()(const RegexpStage& stage) const { out += "| regexp " + go_quote(stage.regex); }
    void operator()(const UnpackStage& /*stage*/) const { out += "| unpack"; }
    void operator()(const LineFormatStage& stage) const {
        out += "| line_format " + go_quote(stage.text);
    }
    void operator()(const LabelFormatStage& stage) const {
        out += "| label_format";
        append_list(out, stage.assignments, assignment_text);
    }
    void operator()(const DecolorizeStage& /*stage*/) const { out += "| decolorize"; }
    void operator()(const DropStage& stage) const {
        out += "| drop";
        append_list(out, stage.items, item_text);
    }
    void operator()(const KeepStage& stage) const {
        out += "| keep";
        append_list(out, stage.items, item_text);
    }
    void operator()(const LabelFilterStage& stage) const {
        out += "| ";
        append_filter(out, *stage.filter);
    }
};

}  // namespace

void append_strings(std::string& out,
                    const std::vector<std::string>& strings,
                    std::string_view separator) {
    for (std::size_t i = 0; i < strings.size(); ++i) {
        out += i == 0 ? "" : separator;
        out += strings[i];
    }
}

void append_selector(std::string& out, const std::vector<Matcher>& matchers) {
    out += "{";
    for (std::size_t i = 0; i < matchers.size(); ++i) {
        out += i == 0 ? "" : ", ";
        out += matchers[i].to_string();
    }
    out += "}";
}

void append_stage(std::string& out, const Stage& stage) {
    std::visit(StagePrinter{out}, stage);
}

void append_filter(std::string& out, const LabelFilter& filter) {
    std::visit(FilterPrinter{out}, filter.node);
}

void append_unwrap(std::string& out, const Unwrap& unwrap) {
    out += "| unwrap ";
    if (unwrap.conversion == Unwrap::Conversion::kNumber) {
        out += unwrap.label;
        return;
    }
    out += name_of(kConversions, unwrap.conversion);
    out += "(" + unwrap.label + ")";
}

std::string to_string(const Stage& stage) {
    std::string out;
    append_stage(out, stage);
    return out;
}

std::string to_string(const LabelFilter& filter) {
    std::string out;
    append_filter(out, filter);
    return out;
}

void append_log(std::string& out, const LogExpr& log) {
    append_selector(out, log.matchers);
    for (const Stage& stage : log.stages) {
        out += " ";
        append_stage(out, stage);
    }
}

std::string to_string(const LogExpr& log) {
    std::string out;
    append_log(out, log);
    return out;
}

}  // namespace logi::logql
