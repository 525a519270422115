#include "model/matcher.h"

#include "regex/regex.h"

#include <array>

namespace logi {

StatusOr<Matcher> Matcher::make(std::string name, MatchOp op, std::string value) {
    Matcher matcher(std::move(name), op, std::move(value));
    if (op == MatchOp::kRegex || op == MatchOp::kNotRegex) {
        LOGI_ASSIGN_OR_RETURN(
            matcher.regex_,
            regex::Regex::compile(matcher.value_, {.dot_matches_newline = true, .anchored = true}));
    }
    return matcher;
}

bool Matcher::matches(std::string_view value) const {
    switch (op_) {
        case MatchOp::kEqual:
            return value == value_;
        case MatchOp::kNotEqual:
            return value != value_;
        case MatchOp::kRegex:
            return regex_->matches(value);
        case MatchOp::kNotRegex:
            break;
    }
    return !regex_->matches(value);
}

std::size_t Matcher::program_bytes() const {
    return regex_ == nullptr ? 0 : regex_->program_bytes();
}

std::string Matcher::to_string() const {
    constexpr std::array<std::string_view, 4> kOps = {"=", "!=", "=~", "!~"};
    return name_ + std::string(kOps[static_cast<std::size_t>(op_)]) + go_quote(value_);
}

bool matches_all(const std::vector<Matcher>& matchers, const Labels& labels) {
    return std::all_of(matchers.begin(), matchers.end(), [&](const Matcher& m) {
        return m.matches(labels.get(m.name()));
    });
}

}  // namespace logi
