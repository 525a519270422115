// The stage `| unpack`: undoes the packing of labels into a line.
#pragma once

#include "fields/field_sink.h"
#include "fields/outline.h"

#include <optional>
#include <string>
#include <string_view>

namespace logi::fields {

// The key of the new line, and the error where there is no object.
inline constexpr std::string_view kPackedEntry = "_entry";
inline constexpr ParseError kNotPacked{kJsonError, "expecting json object(6), but it is not"};

class UnpackParser {
  public:
    // The strings of a flat JSON object are fields, its "_entry" is the new line, which goes to
    // `line_buffer`; `line` becomes a view of it, and may lie there before. Without "_entry"
    // nothing happens. Of a key that comes twice the last counts.
    ParseError parse(std::string_view& line,
                     std::string& line_buffer,
                     FieldSink& sink,
                     Scratch& scratch) const;
    // The fields and the error that parse() finds in lines of these pieces, whose new line is left
    // open. Nothing where that depends on what is between.
    [[nodiscard]] std::optional<Outline> outline(absl::Span<const std::string_view> pieces) const;
};

}  // namespace logi::fields
