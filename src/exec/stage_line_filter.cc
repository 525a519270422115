// Line filters. Blocks answer them themselves, but for those behind a stage that makes a new line:
// these are applied entry by entry.
#include "exec/stage.h"
#include "fields/ip_matcher.h"
#include "fields/pattern_filter.h"
#include "regex/line_filter.h"

#include <algorithm>

namespace logi::exec {
namespace {

using logql::FilterOp;
using regex::LineFilter;

class LineFilterOfEntries final : public Stage {
  public:
    explicit LineFilterOfEntries(LineFilter filter) : filter_(std::move(filter)) {}
    bool process(Entry& entry) const override { return filter_.passes(entry.line); }

  private:
    const LineFilter filter_;
};

// In a chain, `or ""` says nothing; Loki leaves it out.
std::vector<std::string> texts_of(const logql::LineFilterStage& stage) {
    std::vector<std::string> texts;
    for (const auto& alternative : stage.any_of) {
        if (texts.empty() || !alternative.text.empty()) {
            texts.push_back(alternative.text);
        }
    }
    return texts;
}

StatusOr<LineFilter> patterns(const logql::LineFilterStage& stage) {
    std::vector<fields::PatternFilter> any_of;
    // The longest literal of each.
    std::vector<regex::Literal> required;
    bool all_have = true;
    for (const auto& alternative : stage.any_of) {
        LOGI_ASSIGN_OR_RETURN(auto pattern, fields::PatternFilter::compile(alternative.text));
        const auto literals = pattern.literals();
        const auto longest = std::max_element(
            literals.begin(), literals.end(), [](std::string_view a, std::string_view b) {
                return a.size() < b.size();
            });
        if (longest == literals.end()) {
            all_have = false;
        } else {
            required.push_back({std::string(*longest), false});
        }
        any_of.push_back(std::move(pattern));
    }
    if (!all_have) {
        required.clear();
    }
    return LineFilter::function(
        [any_of = std::move(any_of)](std::string_view line) {
            return std::any_of(any_of.begin(), any_of.end(), [&](const auto& pattern) {
                return pattern.matches(line);
            });
        },
        std::move(required),
        stage.op == FilterOp::kNotPattern);
}

StatusOr<LineFilter> address(const logql::LineFilterStage& stage) {
    LOGI_ASSIGN_OR_RETURN(auto matcher, fields::IpMatcher::compile(stage.any_of.front().text));
    return LineFilter::function(
        [matcher = std::move(matcher)](std::string_view line) { return matcher.matches(line); },
        {},
        stage.op == FilterOp::kNotContains);
}

}  // namespace

StatusOr<LineFilter> compile_line_filter(const logql::LineFilterStage& stage) {
    switch (stage.op) {
        case FilterOp::kPattern:
        case FilterOp::kNotPattern:
            return patterns(stage);
        case FilterOp::kContains:
        case FilterOp::kNotContains:
            // An address in a chain of alternatives is plain text.
            if (stage.any_of.size() == 1 && stage.any_of.front().ip) {
                return address(stage);
            }
            return LineFilter::substrings(texts_of(stage), stage.op == FilterOp::kNotContains);
        default:
            return LineFilter::regexes(texts_of(stage), stage.op == FilterOp::kNotMatches);
    }
}

StagePtr make_line_filter(LineFilter filter) {
    return std::make_unique<LineFilterOfEntries>(std::move(filter));
}

}  // namespace logi::exec
