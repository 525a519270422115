#include "regex/line_filter.h"

#include "base/ascii.h"
#include "regex/required_literals.h"

#include <algorithm>
#include <optional>

namespace logi::regex {
namespace {

// More alternatives make a pattern of which few states are the same in two lines.
constexpr std::size_t kTogetherMax = 64;

// The text that the pattern means, if it is no more than that.
std::optional<Literal> plain_text(std::string_view pattern) {
    constexpr std::string_view kAnyCase = "(?i)";
    Literal literal;
    literal.any_case = pattern.starts_with(kAnyCase);
    literal.text = std::string(pattern.substr(literal.any_case ? kAnyCase.size() : 0));
    if (literal.text.find_first_of("\\.+*?()|[]{}^$") != std::string::npos) {
        return std::nullopt;
    }
    if (literal.any_case) {
        if (!std::all_of(literal.text.begin(), literal.text.end(), folds_within_ascii)) {
            return std::nullopt;
        }
        std::transform(
            literal.text.begin(), literal.text.end(), literal.text.begin(), base::to_lower_ascii);
    }
    return literal;
}

// Alternatives as fewer patterns: a line is gone through once for all that are in one. What cannot
// be put together (names of groups twice, a program that is too large) stays by itself.
std::vector<std::shared_ptr<const Regex>> together(
    std::vector<std::shared_ptr<const Regex>> regexes, const std::vector<std::string>& patterns) {
    std::vector<std::shared_ptr<const Regex>> all;
    for (std::size_t begin = 0; begin < regexes.size(); begin += kTogetherMax) {
        const std::size_t end = std::min(begin + kTogetherMax, regexes.size());
        std::string pattern;
        bool quotes = false;  // may go on behind the end of its alternative
        for (std::size_t i = begin; i < end; ++i) {
            pattern += (i == begin ? "(?:" : "|(?:") + patterns[i] + ")";
            quotes |= patterns[i].find("\\Q") != std::string::npos;
        }
        auto one = Regex::compile(pattern, {});
        if (end - begin > 1 && !quotes && one.ok()) {
            all.push_back(*std::move(one));
        } else {
            all.insert(all.end(),
                       regexes.begin() + static_cast<std::ptrdiff_t>(begin),
                       regexes.begin() + static_cast<std::ptrdiff_t>(end));
        }
    }
    return all;
}

}  // namespace

LineFilter LineFilter::substrings(std::vector<std::string> any_of, bool negated) {
    LineFilter filter;
    for (std::string& text : any_of) {
        filter.substrings_.push_back({std::move(text), false});
    }
    filter.required_ = filter.substrings_;
    filter.negated_ = negated;
    return filter;
}

StatusOr<LineFilter> LineFilter::regexes(const std::vector<std::string>& any_of, bool negated) {
    LineFilter filter;
    filter.negated_ = negated;
    std::vector<std::vector<Literal>> required;
    std::vector<std::string> patterns;  // of regexes_
    for (const auto& pattern : any_of) {
        LOGI_ASSIGN_OR_RETURN(std::shared_ptr<const Regex> regex, Regex::compile(pattern, {}));
        if (auto text = plain_text(pattern)) {
            filter.substrings_.push_back(*text);
            required.push_back({*std::move(text)});
        } else {
            filter.regexes_.push_back(std::move(regex));
            patterns.push_back(pattern);
            required.push_back(required_literals(pattern));
        }
    }
    filter.regexes_ = together(std::move(filter.regexes_), patterns);
    for (const auto& texts : required) {
        if (texts.empty()) {
            filter.required_.clear();
            break;
        }
        filter.required_.insert(filter.required_.end(), texts.begin(), texts.end());
    }
    return filter;
}

LineFilter LineFilter::function(std::function<bool(std::string_view)> matches,
                                std::vector<Literal> required,
                                bool negated) {
    LineFilter filter;
    filter.function_ = std::move(matches);
    filter.required_ = std::move(required);
    filter.negated_ = negated;
    return filter;
}

bool LineFilter::passes(std::string_view line) const {
    for (const auto& s : substrings_) {
        if (contains(line, s)) {
            return !negated_;
        }
    }
    for (const auto& r : regexes_) {
        if (r->matches(line)) {
            return !negated_;
        }
    }
    return (function_ && function_(line)) != negated_;
}

}  // namespace logi::regex
