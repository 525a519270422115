// The line filters |> and !> "<_> took <_>ms".
#pragma once

#include "base/status.h"
#include "fields/pattern_syntax.h"

#include <string_view>
#include <vector>

namespace logi::fields {

class PatternFilter {
  public:
    // Captures are all <_>. kInvalidArgument in Loki's words, such as
    // "named captures are not allowed: found '<x>'".
    static StatusOr<PatternFilter> compile(std::string_view pattern);

    // Literals are met in their order, each at its first occurrence behind the one before; no
    // capture is empty. The line ends with the last literal, or has more where the pattern ends
    // with a capture; before a literal that begins the pattern there may be anything. The empty
    // pattern matches the empty line, and nothing else does.
    [[nodiscard]] bool matches(std::string_view line) const;

    // Texts that every matching line holds.
    [[nodiscard]] std::vector<std::string_view> literals() const;

  private:
    explicit PatternFilter(std::vector<PatternNode> nodes) : nodes_(std::move(nodes)) {}
    std::vector<PatternNode> nodes_;
};

}  // namespace logi::fields
