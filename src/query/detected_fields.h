// The fields of the lines that a log query found: structured metadata, what the query's parsers
// extracted, and what a line holds as JSON or else as logfmt.
#pragma once

#include "exec/memory_budget.h"
#include "fields/field_type.h"
#include "query/query.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace logi::query {

struct DetectedField {
    std::string name;
    fields::FieldType type = fields::FieldType::kString;  // of the value that was seen last
    std::uint64_t values = 0;                             // different ones
    // Those whose lines have the field, "json" and "logfmt", the first seen first; none for
    // metadata. A field of the query's own parsers gets that of its line.
    std::vector<std::string> parsers;
    std::vector<std::string> json_path;  // keys from the root; empty: it was in no JSON line
};

struct Bounds {
    exec::MemoryBudget& memory;  // rows, names and values
    io::CancelToken cancel;
};

// Sorted by name. Fields beyond the first `fields_max` are left out. kResourceExhausted when they
// take too much memory; kCancelled.
StatusOr<std::vector<DetectedField>> detected_fields(const std::vector<LogRow>& rows,
                                                     std::size_t fields_max,
                                                     const Bounds& bounds);

// The values of one field, sorted: the first `values_max` that are different. Sizes are written so
// that they can stand in a query: 1.5kB.
StatusOr<std::vector<std::string>> detected_field_values(const std::vector<LogRow>& rows,
                                                         std::string_view name,
                                                         std::size_t values_max,
                                                         const Bounds& bounds);

}  // namespace logi::query
