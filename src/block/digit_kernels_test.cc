#include "block/digit_kernels.h"

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
        for (std::size_t row = 0; row < numbers.size(); ++row) {
            std::string number = std::to_string(numbers[row]);
            if (padded) {
                number.insert(0, digits - number.size(), '0');
            }
            const bool expected = number.find(text) != std::string::npos;
            hits += expected ? 1U : 0U;
            ASSERT_EQ(found.has(row), expected) << number << " " << text << " " << padded;
            ASSERT_EQ(portable.has(row), expected) << number << " " << text << " " << padded;
        }
    }
    EXPECT_GT(hits, 3000U);
}

}  // namespace
}  // namespace logi::block
