// The stage `| json a, b="x.y[0]"`: the fields that are asked for, and no others.
#pragma once

#include "base/status.h"
#include "fields/extraction.h"
#include "fields/field_sink.h"
#include "fields/json_path.h"
#include "fields/outline.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace logi::fields {

class JsonExpressions {
  public:
    // kInvalidArgument in Loki's words: "cannot parse expression [a..b]: syntax error: …".
    static StatusOr<JsonExpressions> compile(const std::vector<Extraction>& extractions);

    // Objects are given as they stand in the line, null as empty; of a key that comes twice the
    // first counts. A line that begins with none of { [ " is an error; defects further on are not,
    // as long as the paths can be followed.
    ParseError parse(std::string_view line, FieldSink& sink, Scratch& scratch) const;
    // What parse() finds in lines of these pieces. Nothing where that depends on what is between.
    [[nodiscard]] std::optional<Outline> outline(absl::Span<const std::string_view> pieces) const;

  private:
    static bool begins_json(char c) { return c == '{' || c == '[' || c == '"'; }

    std::vector<std::string> labels_;
    std::vector<JsonPath> paths_;  // one per label
    std::size_t depth_max_ = 0;    // of the longest path
};

}  // namespace logi::fields
