// The stage `| pattern "<ip> - <_> [<ts>]"`.
#pragma once

#include "base/status.h"
#include "fields/field_sink.h"
#include "fields/outline.h"
#include "fields/pattern_syntax.h"

#include <optional>
#include <string_view>
#include <vector>

namespace logi::fields {

class PatternParser {
  public:
    // kInvalidArgument in Loki's words, such as "at least one capture is required".
    static StatusOr<PatternParser> compile(std::string_view pattern);

    // A literal at the start must begin the line. A capture goes up to the first occurrence of the
    // literal behind it; if that is not there, it takes the rest and later captures get nothing.
    void parse(std::string_view line, FieldSink& sink) const;
    // What parse() finds in lines of these pieces. Nothing where that depends on what is between.
    [[nodiscard]] std::optional<Outline> outline(absl::Span<const std::string_view> pieces) const;

  private:
    explicit PatternParser(std::vector<PatternNode> nodes) : nodes_(std::move(nodes)) {}
    std::vector<PatternNode> nodes_;
};

}  // namespace logi::fields
