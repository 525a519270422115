// XXH3 hashes. Stable across runs and machines, so they may be stored.
#pragma once

#include <compare>
#include <cstdint>
#include <string_view>

namespace logi::base {

struct Hash128 {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    friend constexpr auto operator<=>(const Hash128&, const Hash128&) = default;
    template <typename H>
    friend H AbslHashValue(H h, const Hash128& v) {
        return H::combine(std::move(h), v.low);
    }
};

[[nodiscard]] std::uint64_t hash64(std::string_view data, std::uint64_t seed = 0);
[[nodiscard]] Hash128 hash128(std::string_view data);

}  // namespace logi::base
