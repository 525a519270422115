// The stage `| logfmt`.
#pragma once

#include "fields/field_sink.h"
#include "fields/outline.h"

#include <optional>
#include <string_view>

namespace logi::fields {

class LogfmtParser {
  public:
    struct Options {
        bool strict = false;      // the first malformed pair ends the line and is an error
        bool keep_empty = false;  // pairs without a value are fields too

        // Whether a pair of that value is a field.
        [[nodiscard]] bool gives(std::string_view value) const {
            return keep_empty || !value.empty();
        }
    };
    explicit LogfmtParser(Options options) : options_(options) {}

    // Without `strict` malformed pairs are passed over up to the next white space.
    ParseError parse(std::string_view line, FieldSink& sink, Scratch& scratch) const;
    // What parse() finds in lines of these pieces. Nothing where that depends on what is between.
    [[nodiscard]] std::optional<Outline> outline(absl::Span<const std::string_view> pieces) const;

  private:
    Options options_;
};

}  // namespace logi::fields
