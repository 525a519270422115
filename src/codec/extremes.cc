#include "codec/extremes.h"

#include "base/cpu.h"

#include <algorithm>
#include <array>
#include <limits>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace logi::codec {
namespace {

constexpr Extremes kNone{std::numeric_limits<std::uint64_t>::max(),
                         0,
                         std::numeric_limits<std::int64_t>::max(),
                         std::numeric_limits<std::int64_t>::min()};

// Of the values from `from` on, which is not the first one.
void add(absl::Span<const std::uint64_t> values, std::size_t from, Extremes& e) {
    for (std::size_t i = from; i < values.size(); ++i) {
        const auto delta = static_cast<std::int64_t>(values[i] - values[i - 1]);
        e.min = std::min(e.min, values[i]);
        e.max = std::max(e.max, values[i]);
        e.delta_min = std::min(e.delta_min, delta);
        e.delta_max = std::max(e.delta_max, delta);
    }
}

#if defined(__x86_64__)
constexpr std::size_t kWide = 4;

[[gnu::target("avx2"), gnu::always_inline]] inline __m256i load(const std::uint64_t* p) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
}
[[gnu::target("avx2"), gnu::always_inline]] inline __m256i less(__m256i a, __m256i b) {
    return _mm256_blendv_epi8(a, b, _mm256_cmpgt_epi64(a, b));
}
[[gnu::target("avx2"), gnu::always_inline]] inline __m256i greater(__m256i a, __m256i b) {
    return _mm256_blendv_epi8(b, a, _mm256_cmpgt_epi64(a, b));
}
[[gnu::target("avx2"), gnu::always_inline]] inline std::array<std::int64_t, kWide> each_of(
    __m256i v) {
    std::array<std::int64_t, kWide> out;
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out.data()), v);
    return out;
}

// Returns how many values it has looked at, behind the first one.
__attribute__((target("avx2"))) std::size_t add_avx2(absl::Span<const std::uint64_t> values,
                                                     Extremes& e) {
    if (values.size() <= kWide) {
        return 0;
    }
    // Unsigned integers compare as signed ones do with the upper bit turned.
    const __m256i upper = _mm256_set1_epi64x(std::numeric_limits<std::int64_t>::min());
    __m256i min = _mm256_set1_epi64x(std::numeric_limits<std::int64_t>::max());
    __m256i max = upper;
    __m256i delta_min = min;
    __m256i delta_max = max;
    std::size_t i = 1;
    for (; i + kWide <= values.size(); i += kWide) {
        const __m256i v = load(values.data() + i);
        const __m256i delta = _mm256_sub_epi64(v, load(values.data() + i - 1));
        const __m256i turned = _mm256_xor_si256(v, upper);
        min = less(min, turned);
        max = greater(max, turned);
        delta_min = less(delta_min, delta);
        delta_max = greater(delta_max, delta);
    }
    const auto unsigned_of = [](std::int64_t v) -> std::uint64_t {
        return static_cast<std::uint64_t>(v) ^ 1ULL << 63U;
    };
    for (std::size_t lane = 0; lane < kWide; ++lane) {
        e.min = std::min(e.min, unsigned_of(each_of(min)[lane]));
        e.max = std::max(e.max, unsigned_of(each_of(max)[lane]));
        e.delta_min = std::min(e.delta_min, each_of(delta_min)[lane]);
        e.delta_max = std::max(e.delta_max, each_of(delta_max)[lane]);
    }
    return i - 1;
}
#endif

}  // namespace

Extremes extremes_of(absl::Span<const std::uint64_t> values) {
    if (values.size() == 1) {
        return {values[0], values[0], 0, 0};
    }
    Extremes e = kNone;
    e.min = e.max = values[0];
    std::size_t done = 0;
#if defined(__x86_64__)
    if (base::has_avx2()) {
        done = add_avx2(values, e);
    }
#endif
    add(values, done + 1, e);
    return e;
}

}  // namespace logi::codec
