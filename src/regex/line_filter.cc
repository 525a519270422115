#include "regex/line_filter.h"

#include "regex/required_literals.h"
#include "regex/substring.h"

namespace logi::regex {
namespace {

// A pattern without operators means itself.
bool is_plain(std::string_view pattern) {
    return pattern.find_first_of("\\.+*?()|[]{}^$") == std::string_view::npos;
}

}  // namespace

LineFilter LineFilter::substrings(std::vector<std::string> any_of, bool negated) {
    LineFilter filter;
    filter.required_ = any_of;
    filter.substrings_ = std::move(any_of);
    filter.negated_ = negated;
    return filter;
}

StatusOr<LineFilter> LineFilter::regexes(const std::vector<std::string>& any_of, bool negated) {
    LineFilter filter;
    filter.negated_ = negated;
    std::vector<std::vector<std::string>> required;
    for (const auto& pattern : any_of) {
        LOGI_ASSIGN_OR_RETURN(std::shared_ptr<const Regex> regex, Regex::compile(pattern, {}));
        if (is_plain(pattern)) {
            filter.substrings_.push_back(pattern);
            required.push_back({pattern});
        } else {
            filter.regexes_.push_back(std::move(regex));
            required.push_back(required_literals(pattern));
        }
    }
    for (const auto& texts : required) {
        if (texts.empty()) {
            filter.required_.clear();
            break;
        }
        filter.required_.insert(filter.required_.end(), texts.begin(), texts.end());
    }
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
    return negated_;
}

}  // namespace logi::regex
