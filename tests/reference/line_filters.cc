// |= != |~ !~ |> !> with their alternatives.
#include "fields/ip_matcher.h"
#include "fields/pattern_filter.h"
#include "regex/regex.h"
#include "stages.h"

namespace logi::reference {
namespace {

using logql::FilterOp;
using Predicate = std::function<bool(const std::string&)>;

StatusOr<Predicate> predicate(FilterOp op, const std::string& text) {
    switch (op) {
        case FilterOp::kContains:
        case FilterOp::kNotContains:
            return [text](const std::string& line) {
                return line.find(text) != std::string::npos;
            };
        case FilterOp::kMatches:
        case FilterOp::kNotMatches: {
            LOGI_ASSIGN_OR_RETURN(std::shared_ptr<const regex::Regex> regex,
                                  regex::Regex::compile(text, {}));
            return [regex](const std::string& line) {
                return regex->matches(line);
            };
        }
        default: {
            LOGI_ASSIGN_OR_RETURN(auto pattern, fields::PatternFilter::compile(text));
            return [pattern](const std::string& line) {
                return pattern.matches(line);
            };
        }
    }
}

StatusOr<std::vector<Predicate>> predicates(const logql::LineFilterStage& stage) {
    std::vector<Predicate> out;
    // An address among several alternatives is plain text.
    if (stage.any_of.size() == 1 && stage.any_of.front().ip) {
        LOGI_ASSIGN_OR_RETURN(const auto ip, fields::IpMatcher::compile(stage.any_of[0].text));
        out.emplace_back([ip](const std::string& line) { return ip.matches(line); });
        return out;
    }
    for (const auto& alternative : stage.any_of) {
        if (!out.empty() && alternative.text.empty()) {
            continue;  // Loki leaves `or ""` out of a chain
        }
        LOGI_ASSIGN_OR_RETURN(auto made, predicate(stage.op, alternative.text));
        out.push_back(std::move(made));
    }
    return out;
}

}  // namespace

StatusOr<Stage> make_line_filter(const logql::LineFilterStage& stage) {
    LOGI_ASSIGN_OR_RETURN(const auto any_of, predicates(stage));
    const bool negative = stage.op == FilterOp::kNotContains || stage.op == FilterOp::kNotMatches ||
                          stage.op == FilterOp::kNotPattern;
    return [any_of, negative](Line& line) {
        bool any = false;
        for (const auto& holds : any_of) {
            any = any || holds(line.text);
        }
        return any != negative;
    };
}

}  // namespace logi::reference
