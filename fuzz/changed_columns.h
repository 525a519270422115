// Columns whose bytes a fuzzer changes.
#pragma once

#include "base/bytes.h"
#include "base/crc32c.h"
#include "block/parts.h"

#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace logi::fuzz {

inline void must(bool holds) {
    if (!holds) {
        std::abort();
    }
}

// Bytes of the data, which outlives what it is given to.
inline block::PartReader::Fetch fetch_from(const block::EncodedColumns& encoded) {
    return [&encoded](std::uint64_t offset, std::uint64_t length) -> StatusOr<std::string> {
        if (offset > encoded.data.size() || length > encoded.data.size() - offset) {
            return absl::DataLossError("there are no such bytes");
        }
        return encoded.data.substr(offset, length);
    };
}

// A change is two bytes of place and one to add. The checksums of parts are made right again, or
// nothing behind them would be reached.
inline void change(block::EncodedColumns& encoded, std::string_view changes) {
    base::ByteReader old(encoded.tree);
    std::string tree;
    base::ByteWriter w(tree);
    std::vector<std::pair<std::uint64_t, std::uint64_t>> parts;
    for (std::uint64_t n = old.varint(); n > 0; --n) {
        const std::uint64_t stored = old.varint();
        parts.emplace_back(stored, old.varint());
        old.u32();
    }
    std::string columns(old.bytes(old.left()));
    for (; changes.size() >= 3; changes.remove_prefix(3)) {
        const auto byte = [&](std::size_t i) {
            return static_cast<unsigned char>(changes[i]);
        };
        const std::size_t place = byte(0) * 256U + byte(1);
        std::string& target = place % 2 == 0 || encoded.data.empty() ? columns : encoded.data;
        char& c = target[place / 2 % target.size()];
        c = static_cast<char>(c + changes[2]);
    }
    w.varint(parts.size());
    std::size_t offset = 0;
    for (const auto& [stored, raw] : parts) {
        w.varint(stored);
        w.varint(raw);
        w.u32(base::crc32c(std::string_view(encoded.data).substr(offset, stored)));
        offset += stored;
    }
    encoded.tree = tree + columns;
}

}  // namespace logi::fuzz
