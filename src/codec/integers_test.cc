#include "codec/integers.h"

#include "base/cpu.h"
#include "codec/extremes.h"
#include "codec/unpack_bits.h"

#include <gtest/gtest.h>

#include <random>

namespace logi::codec {
namespace {

std::string random_bytes(std::mt19937_64& random, std::size_t n) {
    std::string bytes(n, '\0');
    for (char& c : bytes) {
        c = static_cast<char>(random());
    }
    return bytes;
}

// Both paths against what the bits say, read one by one.
template <typename T>
void check_unpacking(const std::string& bytes, unsigned bits, T base, std::size_t n) {
    std::vector<T> expected;
    for (std::size_t i = 0; i < n; ++i) {
        T number = 0;
        for (unsigned b = 0; b < bits; ++b) {
            const std::size_t bit = i * bits + b;
            const auto byte = static_cast<unsigned char>(bytes[bit / 8]);
            number |= static_cast<T>(T{byte} >> (bit % 8) & 1U) << b;
        }
        expected.push_back(base + number);
    }
    std::vector<T> fast(n);
    std::vector<T> portable(n);
    unpack_bits(bytes, bits, base, absl::MakeSpan(fast));
    unpack_bits_portable(bytes, bits, base, absl::MakeSpan(portable));
    EXPECT_EQ(fast, expected) << bits << " bits, " << n;
    EXPECT_EQ(portable, expected) << bits << " bits, " << n;
}

TEST(UnpackBits, AllPathsSayTheSame) {
    std::mt19937_64 random(5);
    for (unsigned bits = 1; bits <= 64; ++bits) {
        for (const std::size_t n : {1U, 7U, 8U, 9U, 64U, 129U, 1000U}) {
            // On the heap without a byte more, where the address sanitizer sees what is read.
            const std::string bytes = random_bytes(random, (n * bits + 7) / 8);
            check_unpacking<std::uint64_t>(bytes, bits, random(), n);
            if (bits <= 32) {
                check_unpacking<std::uint32_t>(
                    bytes, bits, static_cast<std::uint32_t>(random()), n);
            }
        }
    }
}

// Both paths against a look at one value after the other.
TEST(Extremes, AllPathsSayTheSame) {
    std::mt19937_64 random(7);
    for (unsigned round = 0; round < 3000; ++round) {
        std::vector<std::uint64_t> values(1 + random() % 40);
        for (std::uint64_t& v : values) {
            v = random() >> (random() % 64);
        }
        Extremes expected{*std::min_element(values.begin(), values.end()),
                          *std::max_element(values.begin(), values.end()),
                          0,
                          0};
        for (std::size_t i = 1; i < values.size(); ++i) {
            const auto delta = static_cast<std::int64_t>(values[i] - values[i - 1]);
            expected.delta_min = i == 1 ? delta : std::min(expected.delta_min, delta);
            expected.delta_max = i == 1 ? delta : std::max(expected.delta_max, delta);
        }
        EXPECT_EQ(extremes_of(values), expected) << values.size();
        const base::WithoutAvx2 portable;
        EXPECT_EQ(extremes_of(values), expected) << values.size();
    }
}

TEST(Integers, NumbersAreBelowTheirLimit) {
    std::mt19937_64 random(6);
    for (unsigned round = 0; round < 2000; ++round) {
        const std::size_t n = 1 + random() % 300;
        const std::uint64_t span = std::uint64_t{1} << random() % 40;
        const bool sorted = random() % 3 == 0;
        std::vector<std::uint64_t> values;
        for (std::size_t i = 0; i < n; ++i) {
            values.push_back(sorted ? i * span / n : random() % span + (round % 2) * 1000);
        }
        const std::uint64_t greatest = *std::max_element(values.begin(), values.end());
        const std::string bytes = encode_integers(values).bytes;
        std::vector<std::uint32_t> back(n);
        const bool fits = greatest < 0xFFFFFFFF;
        const auto limit = fits ? static_cast<std::uint32_t>(greatest + 1) : 0xFFFFFFFF;
        ASSERT_EQ(decode_numbers(bytes, limit, absl::MakeSpan(back)).ok(), fits);
        if (fits) {
            EXPECT_EQ(std::vector<std::uint64_t>(back.begin(), back.end()), values);
            EXPECT_FALSE(decode_numbers(bytes, limit - 1, absl::MakeSpan(back)).ok());
        }
    }
}

TEST(Integers, NumbersAreCountedAsTheyAreDecoded) {
    std::mt19937_64 random(8);
    for (unsigned round = 0; round < 3000; ++round) {
        const std::size_t n = 1 + random() % (round % 10 == 0 ? 20'000 : 300);
        const std::uint64_t span = std::uint64_t{1} << random() % 16;
        const std::uint64_t least = random() % 3 == 0 ? random() % 5000 : 0;
        const bool sorted = random() % 4 == 0;
        const bool skewed = random() % 2 == 0;  // so that planes pay
        std::vector<std::uint64_t> values;
        for (std::size_t i = 0; i < n; ++i) {
            const std::uint64_t other = skewed && random() % 16 != 0 ? 0 : random() % span;
            values.push_back(least + (sorted ? i * span / n : other));
        }
        const auto limit = static_cast<std::uint32_t>(
            *std::max_element(values.begin(), values.end()) + 1 + random() % 3);
        std::vector<std::uint32_t> expected(limit);
        for (const std::uint64_t v : values) {
            ++expected[v];
        }
        const std::string bytes = encode_integers(values).bytes;
        const auto counts = count_numbers(bytes, n, limit);
        ASSERT_TRUE(counts.ok()) << counts.status();
        EXPECT_EQ(*counts, expected);
        const auto greatest =
            static_cast<std::uint32_t>(*std::max_element(values.begin(), values.end()));
        EXPECT_FALSE(count_numbers(bytes, n, greatest).ok());
    }
}

}  // namespace
}  // namespace logi::codec
