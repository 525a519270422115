// Values as text, by the rules of Go's fmt.
#pragma once

#include "absl/types/span.h"
#include "template/sink.h"
#include "template/value.h"

#include <string>
#include <string_view>

namespace logi::tmpl {

// All values must be resolved: labels with their entries.

// The value by %v.
void print_value(Sink& out, const Value& value);
// fmt.Sprint: a space between two operands where neither is a string.
void print_values(Sink& out, absl::Span<const Value> values);
// fmt.Sprintln: spaces between all, and a newline.
void print_line(Sink& out, absl::Span<const Value> values);
// fmt.Sprintf, with its marks for what does not fit: %!d(string=x), %!d(MISSING)…
void print_formatted(Sink& out, std::string_view format, absl::Span<const Value> values);

// The value by %v as a string of its own, at most a few hundred bytes of it.
[[nodiscard]] std::string value_text(const Value& value);

}  // namespace logi::tmpl
