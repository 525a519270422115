// Some of the streams of all segments, those whose labels lie in a range: what a piece reads that
// could not be cut by time alone.
#pragma once

#include "exec/selections.h"

#include <memory>
#include <optional>
#include <string>

namespace logi::query {

// Of labels as they are stored, in the order in which segments have their streams (that of Labels).
struct StreamRange {
    Labels from;               // included; no labels come before all others
    std::optional<Labels> to;  // not included; none: to the last stream

    [[nodiscard]] bool has_all() const { return from.empty() && !to.has_value(); }
    // For messages and keys.
    [[nodiscard]] std::string to_string() const;
    friend bool operator==(const StreamRange&, const StreamRange&) = default;
};

// The source without the streams that are not in the range.
std::shared_ptr<const segment::Source> of_streams(std::shared_ptr<const segment::Source> source,
                                                  const StreamRange& range);
// The same for each of them.
exec::Sources of_streams(exec::Sources sources, const StreamRange& range);

}  // namespace logi::query
