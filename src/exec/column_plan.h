// What a pipeline, or its first stages, look at when they are answered by columns.
#pragma once

#include "block/block.h"
#include "exec/needed_labels.h"
#include "exec/outline_cache.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace logi::exec {

[[nodiscard]] inline bool is_among(const std::vector<std::string>& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

// Immutable once it is made, safe from any thread.
struct ColumnPlan {
    // Looks at the labels that are named, or at all that the pipeline needs if these are all.
    ColumnPlan(std::vector<const Stage*> outlining,
               NeededLabels stops_at,
               std::vector<std::string> looked_at,
               bool looks_at_all);

    std::vector<const Stage*> parsers;  // of the line as it is stored
    OutlineCache outlines;
    // What a parser that is alone stops at.
    NeededLabels needed;
    // The labels that decide what comes of an entry, unless all may do.
    bool all_labels = false;
    std::vector<std::string> labels;
    // Those, and what else decides how far parsers read.
    std::vector<std::string> class_labels;
    std::vector<std::string> stems;  // of class_labels that end in "_extracted"

    [[nodiscard]] bool looks_at(std::string_view label) const;
    // Whether what comes of an entry may depend on metadata of that name.
    [[nodiscard]] bool looks_at_metadata(std::string_view name) const;
    // Whether the block may have such metadata.
    StatusOr<bool> looks_at_metadata_of(block::BlockReader& block) const;
};

}  // namespace logi::exec
