// The stage `| unpack`: undoes the packing of labels into a line.
#pragma once

#include "fields/field_sink.h"

#include <string>
#include <string_view>

namespace logi::fields {

class UnpackParser {
  public:
    // The strings of a flat JSON object are fields, its "_entry" is the new line, which goes to
    // `line_buffer`; `line` becomes a view of it, and may lie there before. Without "_entry"
    // nothing happens. Of a key that comes twice the last counts.
    ParseError parse(std::string_view& line,
                     std::string& line_buffer,
                     FieldSink& sink,
                     Scratch& scratch) const;
};

}  // namespace logi::fields
