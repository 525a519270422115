#include "block/digit_kernels.h"

#include "block/decimal.h"
#include "block/digit_search.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace logi::block {
namespace {

TEST(DigitKernels, BothPathsAgreeWithTheText) {
    std::mt19937 random(1);
    std::size_t hits = 0;
    for (int round = 0; round < 4000; ++round) {
        const auto digits = static_cast<unsigned>(1 + random() % 10);
        const bool padded = random() % 2 == 0;
        std::uint64_t limit = 1;
        for (unsigned i = 0; i < digits; ++i) {
            limit *= 10;
        }
        limit = std::min<std::uint64_t>(limit, 1ULL << 32U);
        std::vector<std::uint64_t> numbers(random() % 40);
        for (auto& n : numbers) {
            const std::uint64_t any = random();
            n = random() % 8 == 0 ? limit - 1 : any % (random() % 2 == 0 ? limit : 1000);
            n %= limit;
        }
        DigitRun run;
        run.count = static_cast<unsigned>(1 + random() % 9);
        std::string text;
        for (unsigned i = 0; i < run.count; ++i) {
            text.push_back("0123456789"[random() % (random() % 2 == 0 ? 2 : 10)]);
            run.value = run.value * 10 + static_cast<std::uint32_t>(text.back() - '0');
        }
        RowSet found = RowSet::none(numbers.size());
        RowSet portable = RowSet::none(numbers.size());
        find_digit_run(numbers, digits, padded, run, found);
        find_digit_run_portable(numbers, digits, padded, run, portable);
        const std::vector<std::uint32_t> half(numbers.begin(), numbers.end());
        RowSet narrow = RowSet::none(numbers.size());
        find_digit_run(half, digits, padded, run, narrow);
        for (std::size_t row = 0; row < numbers.size(); ++row) {
            std::string number = std::to_string(numbers[row]);
            if (padded) {
                number.insert(0, digits - number.size(), '0');
            }
            const bool expected = number.find(text) != std::string::npos;
            hits += expected ? 1U : 0U;
            ASSERT_EQ(found.has(row), expected) << number << " " << text << " " << padded;
            ASSERT_EQ(portable.has(row), expected) << number << " " << text << " " << padded;
            ASSERT_EQ(narrow.has(row), expected) << number << " " << text << " " << padded;
        }
    }
    EXPECT_GT(hits, 3000U);
}

// Numbers of up to 64 bits, searched as columns search them.
TEST(DigitKernels, WideNumbersFindWhatTheirTextsHave) {
    std::mt19937_64 random(2);
    std::size_t hits = 0;
    for (int round = 0; round < 3000; ++round) {
        const bool padded = random() % 3 == 0;
        const bool point = !padded && random() % 3 == 0;
        const auto digits = static_cast<std::uint8_t>(10 + random() % 10);
        const auto scale = static_cast<std::uint8_t>(point ? 1 + random() % 9 : 0);
        const std::uint64_t limit = kPowersOfTen[digits];
        std::vector<std::uint64_t> numbers(1 + random() % 20);
        for (std::uint64_t& n : numbers) {
            n = random() % (random() % 4 == 0 ? kPowersOfTen[1 + random() % digits] : limit);
        }
        std::string text = std::to_string(numbers[random() % numbers.size()]);
        text = text.substr(random() % text.size());
        text.resize(std::min<std::size_t>(text.size(), 1 + random() % 6));
        text.front() = random() % 4 == 0 ? '0' : text.front();
        const auto width = static_cast<std::uint8_t>(padded ? digits : 0);
        const auto found = find_digits(numbers, {scale, width, false}, {text});
        ASSERT_TRUE(found.has_value());
        for (std::size_t row = 0; row < numbers.size(); ++row) {
            std::string number = std::to_string(numbers[row]);
            number.insert(0, number.size() < width ? width - number.size() : 0, '0');
            if (point) {
                number.insert(0, number.size() <= scale ? scale + 1 - number.size() : 0, '0');
                number.insert(number.size() - scale, ".");
            }
            const bool expected = number.find(text) != std::string::npos;
            hits += expected ? 1U : 0U;
            ASSERT_EQ(found->has(row), expected) << number << " " << text << " " << padded;
        }
    }
    EXPECT_GT(hits, 3000U);
}

TEST(DigitKernels, ThreeDigitsStandWhereTheyShould) {
    std::mt19937_64 random(3);
    std::size_t hits = 0;
    for (int round = 0; round < 2000; ++round) {
        std::string packed(random() % 120, '\0');
        for (char& c : packed) {
            c = static_cast<char>(random() % 3 == 0 ? random() : 0x11);
        }
        std::string digits;
        for (const char c : packed) {
            digits.push_back(static_cast<char>(static_cast<unsigned char>(c) >> 4U));
            digits.push_back(static_cast<char>(c & 15));
        }
        const bool some = digits.size() > 2 && random() % 2 == 0;
        const std::size_t at = some ? random() % (digits.size() - 2) : 0;
        const std::string wanted = some ? digits.substr(at, 3) : std::string(3, '\1');
        std::vector<std::size_t> expected;
        for (std::size_t i = digits.find(wanted); i != std::string::npos;
             i = digits.find(wanted, i + 1)) {
            expected.push_back(i);
        }
        hits += expected.size();
        const ThreeDigits three = {static_cast<std::uint8_t>(wanted[0]),
                                   static_cast<std::uint8_t>(wanted[1]),
                                   static_cast<std::uint8_t>(wanted[2])};
        std::vector<std::size_t> found = {7};
        find_three_digits(packed, three, found);
        ASSERT_EQ(found, expected);
        find_three_digits_portable(packed, three, found);
        ASSERT_EQ(found, expected);
    }
    EXPECT_GT(hits, 3000U);
}

}  // namespace
}  // namespace logi::block
