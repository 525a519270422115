#include "query/volume.h"

#include "io/sim_executor.h"
#include "query/test_sources.h"

#include <gtest/gtest.h>

namespace logi::query {
namespace {

// Metric and points of a series as one text: {a="b"} 1:5 2:7, times in milliseconds.
std::vector<std::string> texts_of(const Volume& volume) {
    std::vector<std::string> texts;
    for (const auto& series : volume.series) {
        std::string text = "{";
        for (const auto& pair : series.labels) {
            text += (text.size() > 1 ? "," : "") + pair.name + "=" + pair.value;
        }
        text += "}";
        for (const auto& point : series.points) {
            text += " " + std::to_string(point.time.ns / kNanosPerMilli) + ":" +
                    std::to_string(point.bytes);
        }
        texts.push_back(text);
    }
    return texts;
}

StatusOr<Volume> run(const exec::Sources& sources, const VolumeRequest& request) {
    io::SimClock clock;
    io::SimExecutor executor(1, clock);
    StatusOr<Volume> answer = absl::InternalError("not called");
    run_volume(executor, sources, request, {}, [&](StatusOr<Volume> volume) {
        answer = std::move(volume);
    });
    executor.run_until_idle();
    return answer;
}

class VolumeTest : public testing::Test {
  protected:
    VolumeTest() {
        request_.start = {0};
        request_.end = {100 * kNanosPerSecond};
    }
    std::vector<std::string> texts() {
        const auto volume = run({segment_.source()}, request_);
        EXPECT_TRUE(volume.ok()) << volume.status();
        return volume.ok() ? texts_of(*volume) : std::vector<std::string>();
    }
    void match(const char* name, MatchOp op, const char* value) {
        request_.matchers.push_back(*Matcher::make(name, op, value));
    }

    const TestSegment segment_{{
        {*Labels::parse(R"({app="a", zone="x"})"), 10 * kNanosPerSecond, "1234567890", {}},
        {*Labels::parse(R"({app="a", zone="y", owner="o"})"), 20 * kNanosPerSecond, "12345", {}},
        {*Labels::parse(R"({app="b", zone="x"})"), 30 * kNanosPerSecond, "1234567", {}},
    }};
    VolumeRequest request_;
};

using Texts = std::vector<std::string>;

TEST_F(VolumeTest, CountsByTheLabelsOfMatchers) {
    match("app", MatchOp::kRegex, ".+");
    EXPECT_EQ(texts(), (Texts{"{app=a} 100000:15", "{app=b} 100000:7"}));
    match("zone", MatchOp::kNotEqual, "y");
    EXPECT_EQ(texts(), (Texts{"{app=a,zone=x} 100000:10", "{app=b,zone=x} 100000:7"}));
    match("owner", MatchOp::kEqual, "");
    EXPECT_EQ(texts(), (Texts{"{app=a,zone=x} 100000:10", "{app=b,zone=x} 100000:7"}));
}

TEST_F(VolumeTest, WithoutMatchersCountsByAllLabels) {
    EXPECT_EQ(texts(),
              (Texts{"{app=a,zone=x} 100000:10",
                     "{app=b,zone=x} 100000:7",
                     "{app=a,owner=o,zone=y} 100000:5"}));
}

TEST_F(VolumeTest, TargetLabelsReplaceThoseOfMatchers) {
    match("app", MatchOp::kRegex, ".+");
    request_.target_labels = {"zone"};
    EXPECT_EQ(texts(), (Texts{"{zone=x} 100000:17", "{zone=y} 100000:5"}));
    // A stream needs the target labels that no matcher names.
    request_.target_labels = {"app", "owner"};
    EXPECT_EQ(texts(), (Texts{"{app=a,owner=o} 100000:5"}));
    request_.target_labels = {"nothing"};
    EXPECT_EQ(texts(), Texts());
}

TEST_F(VolumeTest, CountsByNames) {
    match("app", MatchOp::kRegex, ".+");
    request_.by_name = true;
    EXPECT_EQ(texts(), (Texts{"{app=} 100000:22", "{zone=} 100000:22", "{owner=} 100000:5"}));
    request_.target_labels = {"zone", "owner"};
    EXPECT_EQ(texts(), (Texts{"{owner=} 100000:5", "{zone=} 100000:5"}));
}

TEST_F(VolumeTest, KeepsTheLargestSeriesAndRefusesTooMany) {
    request_.limit = 2;
    EXPECT_EQ(texts(), (Texts{"{app=a,zone=x} 100000:10", "{app=b,zone=x} 100000:7"}));
    request_.series_max = 3;
    EXPECT_EQ(texts().size(), 2U);
    request_.series_max = 2;
    EXPECT_EQ(run({segment_.source()}, request_).status(),
              absl::InvalidArgumentError(
                  "the query hit the max number of series limit (limit: 2 series)"));
    request_.series_max = 0;
    EXPECT_EQ(texts().size(), 2U);
}

TEST_F(VolumeTest, TheStartDoesNotBelongToTheRangeTheEndDoes) {
    match("app", MatchOp::kEqual, "a");
    request_.start = {10 * kNanosPerSecond};
    request_.end = {20 * kNanosPerSecond};
    EXPECT_EQ(texts(), (Texts{"{app=a} 20000:5"}));
    request_.start = request_.end;
    EXPECT_EQ(texts(), Texts());
}

TEST_F(VolumeTest, BucketsBeginAtMultiplesOfTheStep) {
    match("app", MatchOp::kEqual, "a");
    request_.step = Duration::seconds(20);
    EXPECT_EQ(texts(), (Texts{"{app=a} 19999:10 39999:5"}));
    // The bucket that the end lies in ends there.
    request_.start = {5 * kNanosPerSecond};
    request_.end = {25 * kNanosPerSecond};
    EXPECT_EQ(texts(), (Texts{"{app=a} 19999:10 25000:5"}));
    request_.end = {20 * kNanosPerSecond};
    EXPECT_EQ(texts(), (Texts{"{app=a} 20000:15"}));
    request_.step = Duration::seconds(7);
    request_.start = {-10 * kNanosPerSecond};
    EXPECT_EQ(texts(), (Texts{"{app=a} 13999:10 20000:5"}));
}

TEST_F(VolumeTest, ALimitIsOfTheWholeAndTheOrderOfTheFirstPoint) {
    const TestSegment segment({
        {*Labels::parse(R"({app="early"})"), 1 * kNanosPerSecond, "123", {}},
        {*Labels::parse(R"({app="large"})"), 1 * kNanosPerSecond, "1", {}},
        {*Labels::parse(R"({app="large"})"), 11 * kNanosPerSecond, "1234567890", {}},
        {*Labels::parse(R"({app="late"})"), 11 * kNanosPerSecond, "12", {}},
    });
    request_.step = Duration::seconds(10);
    request_.limit = 2;
    EXPECT_EQ(texts_of(*run({segment.source()}, request_)),
              (Texts{"{app=early} 9999:3", "{app=large} 9999:1 19999:10"}));
}

}  // namespace
}  // namespace logi::query
