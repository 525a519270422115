// The pairs of logfmt lines of the same pieces.
#pragma once

#include "fields/logfmt_parser.h"
#include "fields/outline.h"

#include <functional>
#include <string_view>

namespace logi::fields {

// What stands for a hole.
inline constexpr char kLogfmtFiller = '0';

// Calls found(name, field) for the pairs that the options let through, in their order, with the
// sanitised key and a field that has everything but its name, and sets the rules of the holes.
// False: that depends on what is in the holes.
bool outline_pairs(const HoledText& text,
                   const LogfmtParser::Options& options,
                   Outline& out,
                   const std::function<void(std::string_view name, OutlineField field)>& found);

}  // namespace logi::fields
