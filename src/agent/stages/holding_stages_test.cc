// Stages that hold entries, count them, or let only some through.
#include "agent/stages/test_pipeline.h"

namespace logi::agent {
namespace {

std::vector<std::string> lines_of(const std::vector<Out>& outs) {
    std::vector<std::string> lines;
    for (const Out& out : outs) {
        lines.push_back(out.line);
    }
    return lines;
}
using Lines = std::vector<std::string>;

TEST(MultilineTest, JoinsFromFirstLineToFirstLine) {
    TestPipeline pipeline("[{multiline: {firstline: '^START'}}]");
    EXPECT_EQ(lines_of(pipeline.feed_all({"before", "START a", "more a", "START b"})),
              (Lines{"before", "START a\nmore a"}));
    EXPECT_EQ(pipeline.held_from(), 22U);
    const auto rest = pipeline.release(true);
    EXPECT_EQ(lines_of(rest), Lines{"START b"});
    EXPECT_EQ(rest[0].from, 22U);
    EXPECT_EQ(rest[0].to, 30U);
    EXPECT_EQ(rest[0].time_ns, TestPipeline::kReadAtNs + 3);
    EXPECT_EQ(pipeline.held_from(), std::nullopt);
}

TEST(MultilineTest, TimeIsThatOfTheFirstLine) {
    TestPipeline pipeline("[{multiline: {firstline: '^START'}}]");
    const auto out = pipeline.feed_all({"START a", "x", "y", "START b"});
    ASSERT_EQ(out.size(), 1U);
    EXPECT_EQ(out[0].time_ns, TestPipeline::kReadAtNs);
    EXPECT_EQ(out[0].from, 0U);
    EXPECT_EQ(out[0].to, 12U);
}

TEST(MultilineTest, EndsAtMaxLinesAndGoesOnAsTheSameBlock) {
    TestPipeline pipeline("[{multiline: {firstline: '^START', max_lines: 2}}]");
    EXPECT_EQ(lines_of(pipeline.feed_all({"START a", "1", "2", "3", "4"})),
              (Lines{"START a\n1", "2\n3"}));
    EXPECT_EQ(lines_of(pipeline.release(true)), Lines{"4"});
}

TEST(MultilineTest, EndsWhenNothingMoreComes) {
    TestPipeline pipeline("[{multiline: {firstline: '^START', max_wait_time: 3s}}]");
    pipeline.feed_all({"START a", "1"});
    EXPECT_TRUE(pipeline.release(false).empty());
    pipeline.advance(Duration::seconds(3));
    EXPECT_EQ(lines_of(pipeline.release(false)), Lines{"START a\n1"});
    EXPECT_TRUE(pipeline.release(false).empty());
}

TEST(MultilineTest, JoinsStreamByStreamAndLaterStagesSeeBlocks) {
    TestPipeline pipeline(
        "[{regex: {expression: '^(?P<s>.)'}}, {labels: {s: }}, {multiline: {firstline: '.START'}}, "
        "{match: {selector: '{s=\"b\"}', stages: [{static_labels: {seen: x}}]}}]");
    EXPECT_TRUE(pipeline.feed_all({"aSTART", "bSTART", "a1", "b1"}).empty());
    EXPECT_EQ(pipeline.held_from(), 0U);
    auto outs = pipeline.release(true);
    std::sort(outs.begin(), outs.end(), [](const Out& x, const Out& y) { return x.line < y.line; });
    EXPECT_EQ(lines_of(outs), (Lines{"aSTART\na1", "bSTART\nb1"}));
    EXPECT_EQ(outs[0].labels, R"({s="a"})");
    EXPECT_EQ(outs[1].labels, R"({s="b", seen="x"})");
}

TEST(CriTest, JoinsPieces) {
    TestPipeline pipeline("[cri: {}]");
    const std::string at = "2019-01-01T01:00:00Z ";
    EXPECT_TRUE(
        pipeline.feed_all({at + "stderr P one ", at + "stdout P A", at + "stderr P two "}).empty());
    EXPECT_EQ(pipeline.held_from(), 0U);
    const auto out = pipeline.feed(at + "stderr F three");
    EXPECT_EQ(lines_of(out), Lines{"one two three"});
    EXPECT_EQ(out[0].from, 0U);
    EXPECT_EQ(pipeline.held_from(), 35U);
    EXPECT_EQ(lines_of(pipeline.feed(at + "stdout F B")), Lines{"AB"});
    EXPECT_EQ(pipeline.held_from(), std::nullopt);
    EXPECT_EQ(lines_of(pipeline.feed(at + "stdout F alone")), Lines{"alone"});
}

TEST(CriTest, WhatHasNoEndGoesOnInPieces) {
    TestPipeline pipeline("[cri: {}]");
    const std::string at = "2019-01-01T01:00:00Z stdout ";
    EXPECT_TRUE(pipeline.feed(at + "P the last of its file").empty());
    EXPECT_TRUE(pipeline.release(false).empty());
    const auto last = pipeline.release(true);
    EXPECT_EQ(lines_of(last), Lines{"the last of its file"});
    EXPECT_EQ(last[0].labels, R"({stream="stdout"})");
    EXPECT_EQ(last[0].to, at.size() + 23);
    EXPECT_EQ(pipeline.held_from(), std::nullopt);

    std::size_t pieces = 0;
    for (int i = 0; i < 300; ++i) {
        for (const Out& out : pipeline.feed(at + "P " + std::string(16 << 10, 'x'))) {
            EXPECT_EQ(out.line.size(), 1U << 20U);
            ++pieces;
        }
    }
    EXPECT_EQ(pieces, 4U);
}

TEST(CriTest, CutsLongLines) {
    TestPipeline pipeline(
        "[cri: {max_partial_line_size: 5, max_partial_line_size_truncate: true}]");
    const std::string at = "2019-01-01T01:00:00Z stdout ";
    pipeline.feed_all({at + "P abc", at + "P def"});
    EXPECT_EQ(lines_of(pipeline.feed(at + "F ghi")), Lines{"abcde"});
}

TEST(LimitTest, DropsWhatIsTooMuch) {
    TestPipeline pipeline("[{limit: {rate: 10, burst: 2, drop: true}}]");
    EXPECT_EQ(lines_of(pipeline.feed_all({"1", "2", "3"})), (Lines{"1", "2"}));
    pipeline.advance(Duration::millis(100));
    EXPECT_EQ(lines_of(pipeline.feed_all({"4", "5"})), Lines{"4"});
    pipeline.advance(Duration::hours(-1));
    EXPECT_TRUE(pipeline.feed("6").empty());
    pipeline.advance(Duration::millis(100));
    EXPECT_EQ(lines_of(pipeline.feed("7")), Lines{"7"});
    EXPECT_NE(
        pipeline.metrics().find("logentry_dropped_lines_total{reason=\"ratelimit_drop_stage\"} 3"),
        std::string::npos);
}

TEST(LimitTest, WaitsWithoutDrop) {
    TestPipeline pipeline("[{limit: {rate: 10, burst: 1}}]");
    EXPECT_EQ(pipeline.feed("1").at(0).rest.ns, 0);
    EXPECT_EQ(pipeline.feed("2").at(0).rest, Duration::millis(100));
}

TEST(LimitTest, ByLabel) {
    TestPipeline pipeline(
        "[{regex: {expression: '^(?P<s>[ab])'}}, {labels: {s: }}, "
        "{limit: {rate: 1, burst: 1, drop: true, by_label_name: s}}]");
    EXPECT_EQ(lines_of(pipeline.feed_all({"a1", "a2", "b1", "b2", "c1", "c2"})),
              (Lines{"a1", "b1", "c1", "c2"}));
}

TEST(SamplingTest, KeepsAShareAndTheSameAgain) {
    TestPipeline pipeline("[{sampling: {rate: 0.25}}]");
    TestPipeline again("[{sampling: {rate: 0.25}}]");
    std::size_t kept = 0;
    for (int i = 0; i < 4000; ++i) {
        const std::string line = "line " + std::to_string(i);
        const bool passed = !pipeline.feed(line).empty();
        kept += passed ? 1 : 0;
        EXPECT_EQ(passed, !again.feed(line).empty());
    }
    EXPECT_GT(kept, 850U);
    EXPECT_LT(kept, 1150U);
}

TEST(MetricsTest, CountsGaugesAndHistograms) {
    TestPipeline pipeline(R"([
        {regex: {expression: 'n=(?P<n>\S+)'}},
        {metrics: {
          lines: {type: Counter, config: {match_all: true, action: inc}},
          bytes: {type: Counter, prefix: my_, config: {match_all: true, count_entry_bytes: true, action: add}},
          sum: {type: counter, source: n, config: {action: add}},
          fives: {type: Counter, source: n, config: {value: '5', action: inc}},
          level: {type: Gauge, source: n, config: {action: set}},
          down: {type: Gauge, source: n, config: {action: sub}},
          seconds: {type: Histogram, source: n, max_idle_duration: 1s, config: {buckets: [1, 10]}}}}])",
                          R"({job="j", __hidden="h"})");
    ASSERT_TRUE(pipeline.status.ok()) << pipeline.status;
    pipeline.feed_all({"n=5", "n=0.5", "n=500ms", "none"});
    const std::string text = pipeline.metrics();
    for (const char* line : {"promtail_custom_lines{job=\"j\"} 4\n",
                             "my_bytes{job=\"j\"} 19\n",
                             "promtail_custom_sum{job=\"j\"} 6\n",
                             "promtail_custom_fives{job=\"j\"} 1\n",
                             "promtail_custom_level{job=\"j\"} 0.5\n",
                             "promtail_custom_down{job=\"j\"} -6\n",
                             "promtail_custom_seconds_bucket{job=\"j\",le=\"1\"} 2\n"}) {
        EXPECT_NE(text.find(line), std::string::npos) << line << text;
    }
}

TEST(MetricsTest, WhatIsIdleGoes) {
    for (const std::string type : {"Gauge", "Counter"}) {
        TestPipeline pipeline(
            "[{regex: {expression: '(?P<s>.)'}}, {labels: {s: }}, "
            "{metrics: {lines: {type: " +
            type + ", max_idle_duration: 1m, config: {match_all: true, action: inc}}}}]");
        pipeline.feed("a");
        pipeline.advance(Duration::seconds(59));
        pipeline.feed("b");
        EXPECT_NE(pipeline.metrics().find("{s=\"a\"} 1"), std::string::npos);
        pipeline.advance(Duration::seconds(2));
        EXPECT_EQ(pipeline.metrics().find("{s=\"a\"}"), std::string::npos);
        EXPECT_NE(pipeline.metrics().find("{s=\"b\"} 1"), std::string::npos);
        pipeline.feed("a");
        EXPECT_NE(pipeline.metrics().find("{s=\"a\"} 1"), std::string::npos);
    }
}

}  // namespace
}  // namespace logi::agent
