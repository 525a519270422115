// The stage `| json`: every scalar of a JSON object is a field, nested objects flattened.
#pragma once

#include "fields/field_sink.h"
#include "fields/outline.h"

#include <optional>
#include <string_view>

namespace logi::fields {

// Keys of nested objects are joined by '_', blank ones left out; null and arrays are skipped. Text
// behind the object is ignored. Fields before a defect are given, then the error is returned.
class JsonParser {
  public:
    ParseError parse(std::string_view line, FieldSink& sink, Scratch& scratch) const;
    // What parse() finds in lines of these pieces. Nothing where that depends on what is between.
    [[nodiscard]] std::optional<Outline> outline(absl::Span<const std::string_view> pieces) const;
};

}  // namespace logi::fields
