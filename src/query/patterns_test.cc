#include "query/patterns.h"

#include "io/sim_executor.h"
#include "query/test_sources.h"

#include <gtest/gtest.h>

namespace logi::query {
namespace {

class PatternsTest : public testing::Test {
  protected:
    PatternsTest() {
        request_.range = {{0}, {1000 * kNanosPerSecond}};
        request_.step = Duration::seconds(10);
    }
    StatusOr<Patterns> run(const exec::Sources& sources, std::uint64_t seed = 1) {
        io::SimClock clock;
        io::SimExecutor executor(seed, clock);
        StatusOr<Patterns> answer = absl::InternalError("not called");
        run_patterns(executor, sources, request_, limits_, cancel_, [&](StatusOr<Patterns> p) {
            answer = std::move(p);
        });
        executor.run_until_idle();
        return answer;
    }
    // "level pattern seconds:lines …" of each.
    std::vector<std::string> texts(const exec::Sources& sources, std::uint64_t seed = 1) {
        const auto patterns = run(sources, seed);
        EXPECT_TRUE(patterns.ok()) << patterns.status();
        std::vector<std::string> list;
        for (const auto& pattern : patterns->list) {
            list.push_back(pattern.level + " " + pattern.text);
            for (const auto& [seconds, lines] : pattern.counts) {
                list.back() += " " + std::to_string(seconds) + ":" + std::to_string(lines);
            }
        }
        return list;
    }

    PatternsRequest request_;
    Limits limits_;
    io::CancelToken cancel_;
};

using Texts = std::vector<std::string>;

TestEntry entry(const char* app, std::int64_t second, std::string line, std::string level) {
    return {Labels::from_pairs({{"app", app}}),
            second * kNanosPerSecond,
            std::move(line),
            {{"detected_level", std::move(level)}}};
}

TEST_F(PatternsTest, CountsLinesByStepAndLevelOverStreams) {
    const TestSegment segment({entry("a", 5, "took 1 ms", "info"),
                               entry("b", 9, "took 2 ms", "info"),
                               entry("b", 10, "took 3 ms", "info"),
                               entry("b", 11, "took 4 ms", "warn"),
                               entry("c", 1000, "took 5 ms", "warn")});
    EXPECT_EQ(texts({segment.source()}),
              (Texts{"info took <_> ms 0:2 10:1", "warn took <_> ms 10:1"}));
    request_.matchers.push_back(*Matcher::make("app", MatchOp::kEqual, "b"));
    request_.step = Duration::seconds(60);
    EXPECT_EQ(texts({segment.source()}), (Texts{"info took <_> ms 0:2", "warn took <_> ms 0:1"}));
    request_.range = {};
    EXPECT_EQ(texts({segment.source()}), Texts{});
}

TEST_F(PatternsTest, AnEntryInTwoSegmentsIsOne) {
    const TestSegment a({entry("a", 5, "took 1 ms", "info")});
    const TestSegment b({entry("a", 5, "took 1 ms", "info"), entry("a", 6, "took 1 ms", "info")});
    EXPECT_EQ(texts({a.source(), b.source()}), Texts{"info took <_> ms 0:2"});
}

// Blocks that threads finish in any order.
TEST_F(PatternsTest, TheOrderOfWorkChangesNothing) {
    exec::Sources sources;
    const std::vector<std::string> words = {"a", "b", "c"};
    for (int i = 0; i < 20; ++i) {
        const auto word = [&](int n) {
            return words[static_cast<std::size_t>((i * n) % 3)];
        };
        const TestSegment segment(
            {entry("a", i, word(1) + " " + word(2) + " " + word(5) + " x y", "info"),
             entry("a", i, "z " + word(2) + " " + word(4) + " x", "info")});
        sources.push_back(segment.source());
    }
    const Texts once = texts(sources);
    for (std::uint64_t seed = 2; seed < 30; ++seed) {
        EXPECT_EQ(texts(sources, seed), once);
    }
}

TEST_F(PatternsTest, OfTooManyLinesTheNewestCount) {
    std::vector<TestEntry> entries;
    for (int i = 0; i < 1000; ++i) {
        entries.push_back(entry("a", i, "took " + std::to_string(i) + " ms", "info"));
    }
    const TestSegment segment(std::move(entries));
    request_.lines_max = 100;
    const auto patterns = run({segment.source()});
    ASSERT_TRUE(patterns.ok());
    ASSERT_EQ(patterns->list.size(), 1);
    EXPECT_NEAR(static_cast<double>(patterns->list[0].lines), 100, 2);
    EXPECT_GE(patterns->list[0].counts.begin()->first, 890);
    ASSERT_EQ(patterns->missing.size(), 1);
    EXPECT_TRUE(patterns->missing[0].starts_with("only lines since 1970-01-01T00:14:59.1"))
        << patterns->missing[0];
}

TEST_F(PatternsTest, DamageIsLeftOutAndTold) {
    const TestSegment whole({entry("a", 5, "took 1 ms", "info")});
    const TestSegment broken({entry("b", 6, "took 1 ms", "info")});
    const auto patterns = run({broken.with_damaged_columns(), whole.source()});
    ASSERT_TRUE(patterns.ok()) << patterns.status();
    EXPECT_EQ(patterns->list.size(), 1);
    EXPECT_EQ(patterns->missing.size(), 1);
}

TEST_F(PatternsTest, IsBoundedAndEndsWhenNobodyWaits) {
    const TestSegment segment({entry("a", 5, "took 1 ms", "info")});
    limits_.max_query_memory_bytes = 100;
    EXPECT_EQ(run({segment.source()}).status().code(), absl::StatusCode::kResourceExhausted);
    cancel_.cancel();
    EXPECT_EQ(run({segment.source()}).status().code(), absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace logi::query
