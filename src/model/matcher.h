// Label matchers of a stream selector.
#pragma once

#include "base/status.h"
#include "model/labels.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace logi::regex {
class Regex;
}

namespace logi {

enum class MatchOp { kEqual, kNotEqual, kRegex, kNotRegex };

// name op "value". Regular expressions are RE2, anchored at both ends, and '.' matches newline.
// An absent label has the value "". Immutable, cheap to copy, safe from any thread.
class Matcher {
  public:
    // kInvalidArgument if the regular expression does not compile.
    static StatusOr<Matcher> make(std::string name, MatchOp op, std::string value);

    [[nodiscard]] bool matches(std::string_view value) const;
    [[nodiscard]] bool matches_empty() const { return matches(""); }
    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] MatchOp op() const { return op_; }
    [[nodiscard]] const std::string& value() const { return value_; }
    // What the compiled regular expression takes; 0 if there is none.
    [[nodiscard]] std::size_t program_bytes() const;
    // name="value" with the value Go-quoted.
    [[nodiscard]] std::string to_string() const;

  private:
    Matcher(std::string name, MatchOp op, std::string value)
        : name_(std::move(name)), op_(op), value_(std::move(value)) {}
    std::string name_;
    MatchOp op_;
    std::string value_;
    std::shared_ptr<const regex::Regex> regex_;
};

// Whether every matcher matches.
[[nodiscard]] bool matches_all(const std::vector<Matcher>& matchers, const Labels& labels);

}  // namespace logi
