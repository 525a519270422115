// Line filters that are applied entry by entry: those behind a stage that makes a new line, and
// those on addresses and patterns.
#include "exec/stage.h"
#include "fields/ip_matcher.h"
#include "fields/pattern_filter.h"
#include "regex/line_filter.h"

#include <algorithm>

namespace logi::exec {
namespace {

using logql::FilterOp;

class TextFilter final : public Stage {
  public:
    explicit TextFilter(regex::LineFilter filter) : filter_(std::move(filter)) {}
    bool process(Entry& entry) const override { return filter_.passes(entry.line); }

  private:
    const regex::LineFilter filter_;
};

class IpFilter final : public Stage {
  public:
    IpFilter(fields::IpMatcher matcher, bool negated)
        : matcher_(std::move(matcher)), negated_(negated) {}
    bool process(Entry& entry) const override { return matcher_.matches(entry.line) != negated_; }

  private:
    const fields::IpMatcher matcher_;
    const bool negated_;
};

class PatternFilter final : public Stage {
  public:
    PatternFilter(std::vector<fields::PatternFilter> any_of, bool negated)
        : any_of_(std::move(any_of)), negated_(negated) {}
    bool process(Entry& entry) const override {
        const bool any = std::any_of(any_of_.begin(), any_of_.end(), [&](const auto& pattern) {
            return pattern.matches(entry.line);
        });
        return any != negated_;
    }

  private:
    const std::vector<fields::PatternFilter> any_of_;
    const bool negated_;
};

}  // namespace

StatusOr<std::optional<regex::LineFilter>> text_filter(const logql::LineFilterStage& stage) {
    // An address in a chain of alternatives is plain text.
    const bool address = stage.any_of.size() == 1 && stage.any_of.front().ip;
    if (address || stage.op == FilterOp::kPattern || stage.op == FilterOp::kNotPattern) {
        return std::nullopt;
    }
    std::vector<std::string> texts;
    for (const auto& alternative : stage.any_of) {
        // In a chain, `or ""` says nothing; Loki leaves it out.
        if (texts.empty() || !alternative.text.empty()) {
            texts.push_back(alternative.text);
        }
    }
    const bool negated = stage.op == FilterOp::kNotContains || stage.op == FilterOp::kNotMatches;
    if (stage.op == FilterOp::kContains || stage.op == FilterOp::kNotContains) {
        return regex::LineFilter::substrings(std::move(texts), negated);
    }
    LOGI_ASSIGN_OR_RETURN(auto filter, regex::LineFilter::regexes(texts, negated));
    return filter;
}

StatusOr<StagePtr> make_line_filter(const logql::LineFilterStage& stage) {
    LOGI_ASSIGN_OR_RETURN(auto text, text_filter(stage));
    if (text.has_value()) {
        return std::make_unique<TextFilter>(*std::move(text));
    }
    if (stage.op == FilterOp::kPattern || stage.op == FilterOp::kNotPattern) {
        std::vector<fields::PatternFilter> any_of;
        for (const auto& alternative : stage.any_of) {
            LOGI_ASSIGN_OR_RETURN(auto pattern, fields::PatternFilter::compile(alternative.text));
            any_of.push_back(std::move(pattern));
        }
        return std::make_unique<PatternFilter>(std::move(any_of),
                                               stage.op == FilterOp::kNotPattern);
    }
    LOGI_ASSIGN_OR_RETURN(auto matcher, fields::IpMatcher::compile(stage.any_of.front().text));
    return std::make_unique<IpFilter>(std::move(matcher), stage.op == FilterOp::kNotContains);
}

}  // namespace logi::exec
