#include "base/crc32c.h"

#include <nmmintrin.h>

#include <array>
#include <cstring>

namespace logi::base {
namespace {

constexpr std::uint32_t kPolynomial = 0x82F63B78U;

constexpr std::array<std::uint32_t, 256> make_table() {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < 256; ++i) {
        std::uint32_t c = i;
        for (int bit = 0; bit < 8; ++bit) {
            c = (c & 1U) != 0 ? (c >> 1U) ^ kPolynomial : c >> 1U;
        }
        table[i] = c;
    }
    return table;
}

constexpr std::array<std::uint32_t, 256> kTable = make_table();

__attribute__((target("sse4.2"))) std::uint32_t crc32c_sse42(std::string_view data,
                                                             std::uint32_t crc) {
    std::uint64_t c = ~crc;
    const char* p = data.data();
    std::size_t n = data.size();
    for (; n >= 8; n -= 8, p += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, p, 8);
        c = _mm_crc32_u64(c, word);
    }
    auto c32 = static_cast<std::uint32_t>(c);
    for (; n > 0; --n, ++p) {
        c32 = _mm_crc32_u8(c32, static_cast<unsigned char>(*p));
    }
    return ~c32;
}

}  // namespace

std::uint32_t crc32c_portable(std::string_view data, std::uint32_t crc) {
    std::uint32_t c = ~crc;
    for (const char ch : data) {
        c = kTable[(c ^ static_cast<unsigned char>(ch)) & 0xFFU] ^ (c >> 8U);
    }
    return ~c;
}

std::uint32_t crc32c(std::string_view data, std::uint32_t crc) {
    static const bool has_sse42 = __builtin_cpu_supports("sse4.2") != 0;
    return has_sse42 ? crc32c_sse42(data, crc) : crc32c_portable(data, crc);
}

}  // namespace logi::base
