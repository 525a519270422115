// For tests: what a store has of a tenant.
#pragma once

#include "ingest/store.h"

#include <algorithm>
#include <string>
#include <vector>

namespace logi::ingest {

[[nodiscard]] inline std::vector<std::string> sorted_lines(const Pinned& pinned) {
    std::vector<std::string> found;
    for (const auto& source : pinned.sources) {
        const auto all = source->select_all();
        for (const auto& extent : all->extents()) {
            const auto block = all->open_block(extent.block);
            for (std::uint32_t row = 0; row < (*block)->stats().rows; ++row) {
                found.emplace_back(*(*block)->line(row));
            }
        }
    }
    std::sort(found.begin(), found.end());
    return found;
}

}  // namespace logi::ingest
