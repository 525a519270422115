#include "query/pattern_miner.h"

#include "fields/pattern_filter.h"

#include <gtest/gtest.h>

#include <random>

namespace logi::query {
namespace {

constexpr std::int64_t kPlenty = 1 << 28;

class PatternMinerTest : public testing::Test {
  protected:
    void add(std::string_view line, std::string_view level = "info", std::int64_t bucket = 0) {
        EXPECT_TRUE(miner_.add(line, level, bucket).ok());
    }
    // "lines pattern" of each.
    [[nodiscard]] std::vector<std::string> best(std::size_t most = 100) const {
        std::vector<std::string> texts;
        for (const auto& pattern : miner_.best(most)) {
            texts.push_back(std::to_string(pattern.lines) + " " + pattern.text);
        }
        return texts;
    }

    exec::MemoryBudget budget_{kPlenty};
    PatternMiner miner_{budget_};
};

using Texts = std::vector<std::string>;

TEST_F(PatternMinerTest, WordsThatDifferVary) {
    for (const char* user : {"ann", "bob", "eve"}) {
        add("user=" + std::string(user) + " op=read ms=5");
    }
    EXPECT_EQ(best(), Texts{"3 user=<_> op=read ms=<_>"});
    add("user=ann op=write ms=x");
    add("connected");
    add("disconnected");
    EXPECT_EQ(best(), (Texts{"4 user=<_> op=<_> ms=<_>", "1 connected", "1 disconnected"}));
}

TEST_F(PatternMinerTest, AtLeastHalfOfTheWordsStay) {
    add("a b c d");
    add("a b c x");
    add("a b y d");
    add("a z c d");  // would be a third
    EXPECT_EQ(best(), (Texts{"3 a b <_> <_>", "1 a z c d"}));
}

TEST_F(PatternMinerTest, LevelsAndGapsKeepLinesApart) {
    add("took 5 ms", "info");
    add("took 6 ms", "warn");
    add("took 6: ms", "warn");
    EXPECT_EQ(best(), (Texts{"1 took <_> ms", "1 took <_> ms", "1 took <_>: ms"}));
}

TEST_F(PatternMinerTest, CountsByBucketAndEmptyLinesNever) {
    add("took 5 ms", "info", 20);
    add("", "info", 20);
    add("took 7 ms", "info", 10);
    add("took 8 ms", "info", 20);
    const auto patterns = miner_.best(10);
    ASSERT_EQ(patterns.size(), 1);
    EXPECT_EQ(patterns[0].counts, (std::map<std::int64_t, std::uint64_t>{{10, 1}, {20, 2}}));
    EXPECT_EQ(patterns[0].level, "info");
}

TEST_F(PatternMinerTest, AddingAnotherMinerIsAddingItsLines) {
    PatternMiner other(budget_);
    add("took 5 ms");
    EXPECT_TRUE(other.add("took 6 ms", "info", 10).ok());
    EXPECT_TRUE(other.add("took long ms", "info", 10).ok());
    EXPECT_TRUE(miner_.add_all(other).ok());
    EXPECT_EQ(best(), Texts{"3 took <_> ms"});
}

TEST_F(PatternMinerTest, TheRareAreForgotten) {
    const auto word = [](std::size_t n) {
        std::string text;
        for (; n > 0; n /= 26) {
            text.push_back(static_cast<char>('a' + n % 26));
        }
        return text;
    };
    for (std::size_t i = 0; i < 20'000; ++i) {
        add("often " + std::to_string(i));
        add("once-" + word(i));
    }
    EXPECT_EQ(best(1), Texts{"20000 often <_>"});
    EXPECT_LE(best(20'000).size(), PatternMiner::kClustersMax);
}

TEST(PatternMiner, MemoryIsBoundedAndGivenBack) {
    exec::MemoryBudget budget(10'000);
    for (int round = 0; round < 3; ++round) {
        PatternMiner miner(budget);
        Status status;
        for (int i = 0; status.ok() && i < 1000; ++i) {
            status = miner.add("took 5 ms", "info", i);
        }
        EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
    }
    EXPECT_TRUE(budget.charge(10'000).ok());
}

// What is counted for a pattern is at most what the pattern matches, and no line is lost.
TEST(PatternMiner, PatternsMatchTheLinesThatTheyCount) {
    std::mt19937 random(23);  // NOLINT: the same lines every time
    const std::vector<std::string> words = {
        "a", "b", "c", "17", "x9", "<a>", "<_>", ".", "=v", "\""};
    for (int round = 0; round < 200; ++round) {
        exec::MemoryBudget budget(kPlenty);
        PatternMiner all(budget);
        std::vector<std::string> lines;
        for (int part = 0; part < 2; ++part) {
            PatternMiner miner(budget);
            for (int i = 0; i < 50; ++i) {
                std::string line = words[random() % words.size()];
                for (std::size_t n = random() % 6; n > 0; --n) {
                    line += " =,"[random() % 3] + words[random() % words.size()];
                }
                EXPECT_TRUE(miner.add(line, "info", 0).ok());
                lines.push_back(std::move(line));
            }
            EXPECT_TRUE(all.add_all(miner).ok());
        }
        std::uint64_t counted = 0;
        std::vector<bool> matched(lines.size());
        for (const auto& pattern : all.best(lines.size())) {
            const auto filter = fields::PatternFilter::compile(pattern.text);
            ASSERT_TRUE(filter.ok()) << pattern.text << ": " << filter.status();
            std::uint64_t matches = 0;
            for (std::size_t i = 0; i < lines.size(); ++i) {
                if (filter->matches(lines[i])) {
                    ++matches;
                    matched[i] = true;
                }
            }
            EXPECT_GE(matches, pattern.lines) << pattern.text;
            counted += pattern.lines;
        }
        EXPECT_EQ(counted, lines.size());
        EXPECT_EQ(std::count(matched.begin(), matched.end(), false), 0);
    }
}

}  // namespace
}  // namespace logi::query
