// A line that is not there as text: what parsers find in it is known from its template, and the
// values lie in columns.
#pragma once

#include "absl/types/span.h"
#include "fields/outline.h"

#include <string_view>

namespace logi::exec {

class Stage;

class OutlinedLine {
  public:
    virtual ~OutlinedLine() = default;
    // What a parser gives, in its order. Fields that no later stage can see may be left out.
    struct Found {
        absl::Span<const fields::OutlineField* const> fields;
        fields::ParseError error;
    };
    [[nodiscard]] virtual Found found_by(const Stage& parser) const = 0;
    // The value of one of these fields; it may lie in `scratch`.
    virtual std::string_view value(const fields::OutlineField& field,
                                   fields::Scratch& scratch) const = 0;
};

}  // namespace logi::exec
