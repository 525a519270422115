// Rules that a sound query obeys beyond the grammar. Texts are Loki's.
#pragma once

#include "base/status.h"
#include "logql/ast.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace logi::regex {
class Regex;
}

namespace logi::logql {

// What the regular expressions of one query may take together once compiled: a short text may ask
// for a lot of memory, and of time to compile it.
class RegexBudget {
  public:
    // kInvalidArgument, now and ever after, when the budget is exceeded.
    [[nodiscard]] Status charge(std::size_t program_bytes);
    // Compiles for its error and its size.
    StatusOr<std::unique_ptr<regex::Regex>> compile(std::string_view pattern);

  private:
    std::size_t left_ = 16U << 20U;
};

// The functions that return text return what is wrong, or nothing.

[[nodiscard]] std::string check_range_aggregation(const RangeAggregation& node);

// `parameter` is the number as written, empty if there is none; its value goes to `node`.
[[nodiscard]] std::string check_vector_aggregation(VectorAggregation& node,
                                                   const std::string& parameter);

[[nodiscard]] std::string check_label_replace(const LabelReplace& node, RegexBudget& budget);

[[nodiscard]] std::string check_selector(const std::vector<Matcher>& matchers);

// The regular expression of a regexp stage, which must name what it captures.
[[nodiscard]] Status check_regexp_stage(std::string_view regex, RegexBudget& budget);

// The stages of every pipeline in the tree.
[[nodiscard]] Status check_stages(const Expr& expr, RegexBudget& budget);

// Whether a label is compared with a number out of range.
[[nodiscard]] bool has_infinite_filter(const Expr& expr);

}  // namespace logi::logql
