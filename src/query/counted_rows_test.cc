// The same answers from statistics as from rows.
#include "absl/strings/str_cat.h"
#include "io/sim_executor.h"
#include "query/run_simulated.h"
#include "query/stream_sizes.h"
#include "query/test_sources.h"

#include <gtest/gtest.h>

#include <random>

namespace logi::query {
namespace {

constexpr std::int64_t kDayStart = 1'700'006'400LL * kNanosPerSecond;  // of a day

struct Answer {
    std::string text;
    exec::ScanStats stats;
};

Answer answer(const exec::Sources& sources, Request request) {
    request.now = {kDayStart + 48 * Duration::hours(1).ns};
    auto prepared = prepare(std::move(request));
    if (!prepared.ok()) {
        return {prepared.status().ToString(), {}};
    }
    const auto result = run_simulated(sources, *std::move(prepared));
    if (!result.ok()) {
        return {result.status().ToString(), {}};
    }
    Answer out;
    for (const Series& series : result->series) {
        absl::StrAppend(&out.text, series.labels.to_string());
        for (const Point& point : series.points) {
            absl::StrAppend(&out.text, " ", point.time.ns, ":", point.value);
        }
        absl::StrAppend(&out.text, "\n");
    }
    for (const std::string& missing : result->missing) {
        absl::StrAppend(&out.text, missing, "\n");
    }
    out.stats = result->stats;
    return out;
}

Request request_of(const std::string& query, Duration step, Duration from, Duration to) {
    Request request;
    request.query = query;
    request.step = step;
    request.start = Timestamp{kDayStart} + from;
    request.end = Timestamp{kDayStart} + to;
    return request;
}

// Digits that do not become smaller, as those of ids.
std::string noise(std::mt19937& random) {
    std::string text;
    for (int i = 0; i < 8; ++i) {
        absl::StrAppend(&text, absl::Hex(random(), absl::kZeroPad8));
    }
    return text;
}

// A day of lines, some ten a minute, of streams with levels.
std::vector<TestEntry> day_of_lines(std::size_t streams) {
    std::vector<TestEntry> entries;
    std::mt19937 random(1);
    for (std::size_t s = 0; s < streams; ++s) {
        const Labels labels =
            Labels::from_pairs({{"app", absl::StrCat("a", s % 2)}, {"pod", absl::StrCat("p", s)}});
        for (int i = 0; i < 24 * 60 * 10; ++i) {
            entries.push_back(
                {labels,
                 kDayStart + i * Duration::seconds(6).ns,
                 absl::StrCat("request ", i, " took ", i * 7919 % 900, " ms ", noise(random)),
                 {{"detected_level", i % 7 == 0 ? "error" : "info"}}});
        }
    }
    return entries;
}

const std::vector<std::string> kLevelQueries = {
    "sum by (detected_level) (count_over_time({app=~\".+\"}[10m]))",
    "sum by (level, detected_level) (count_over_time({app=~\".+\"} | drop __error__ [10m]))",
    "sum by (app, detected_level) (bytes_over_time({app=~\".+\"}[10m]))",
    "sum by (app) (rate({app=~\".+\"} | detected_level=\"error\" [10m]))",
    "sum by (level) (count_over_time({app=\"a1\"} | label_format level=detected_level [10m]))",
    "count_over_time({app=\"a1\", pod=\"p1\"}[10m])",
    "sum(count_over_time({app=\"a1\"}[10m]))"};

TEST(CountedRows, ADayByLevelOpensNoBlock) {
    const TestSegment segment(day_of_lines(4));
    ASSERT_GT(segment.source()->select_all()->blocks().size(), 1U);
    for (const std::string& query : kLevelQueries) {
        const Request request =
            request_of(query, Duration::minutes(10), Duration::minutes(10), Duration::hours(23));
        const Answer rows = answer({segment.without_statistics()}, request);
        EXPECT_GT(rows.stats.segments.blocks, 0U);
        const Answer counted = answer({segment.source()}, request);
        EXPECT_EQ(counted.text, rows.text) << query;
        EXPECT_EQ(counted.stats.segments.blocks, 0U) << query;
        EXPECT_GT(std::count(rows.text.begin(), rows.text.end(), '\n'), 0);
        EXPECT_EQ(answer({segment.with_damaged_columns()}, request).text, rows.text);
    }
}

// Of an hour between two that statistics answer, rows are read.
TEST(CountedRows, OnlyBucketsThatAWindowCutsAreRead) {
    const TestSegment segment(day_of_lines(1));
    Request request = request_of("sum by (detected_level) (count_over_time({app=~\".+\"}[1h]))",
                                 Duration::hours(1),
                                 Duration::hours(1),
                                 Duration::hours(23));
    request.align_to_step = false;
    request.start = request.start + Duration::seconds(30);
    request.end = request.end + Duration::seconds(30);
    const Answer rows = answer({segment.without_statistics()}, request);
    const Answer counted = answer({segment.source()}, request);
    EXPECT_EQ(counted.text, rows.text);
    EXPECT_LT(counted.stats.segments.lines, rows.stats.segments.lines / 10);
    EXPECT_GT(counted.stats.segments.lines, 0U);
}

class Data {
  public:
    explicit Data(std::uint32_t seed) : random_(seed) {
        for (std::size_t i = 1 + below(6); i > 0; --i) {
            std::vector<LabelPair> pairs = {{"app", absl::StrCat("a", below(2))},
                                            {"pod", absl::StrCat("p", i)}};
            if (below(6) == 0) {
                pairs.push_back({below(2) == 0 ? "level" : "detected_level", "label"});
            }
            streams_.push_back(Labels::from_pairs(std::move(pairs)));
        }
        other_metadata_ = below(3);
        minutes_ = 1 + below(300);
    }
    std::size_t below(std::size_t n) { return random_() % n; }

    TestSegment segment() {
        std::vector<TestEntry> entries;
        const std::int64_t begin = kDayStart + Duration::minutes(1).ns * below_ns(200);
        for (std::size_t i = 10 + below(2000); i > 0; --i) {
            TestEntry e;
            e.labels = streams_[below(streams_.size())];
            e.ns = begin + Duration::seconds(1).ns * below_ns(60 * minutes_) + below_ns(3) - 1;
            e.line = absl::StrCat("line ", below(1000), " ", noise(random_));
            if (below(20) > 0) {
                e.metadata.push_back({"detected_level", level()});
            }
            if (other_metadata_ > 0 && below(4) == 0) {
                e.metadata.push_back({other_metadata_ == 1 ? "trace" : "level", level()});
            }
            std::sort(e.metadata.begin(), e.metadata.end());
            entries.push_back(std::move(e));
        }
        return TestSegment(std::move(entries));
    }

    Request request() {
        static const std::vector<Duration> kSteps = {Duration::seconds(30),
                                                     Duration::minutes(1),
                                                     Duration::minutes(5),
                                                     Duration::seconds(90),
                                                     Duration::hours(1)};
        std::string query = kQueries[below(std::size(kQueries))];
        query.replace(query.find("[R]"), 3, kRanges[below(std::size(kRanges))]);
        Request request = request_of(query,
                                     kSteps[below(kSteps.size())],
                                     Duration::seconds(10 * below_ns(2000)),
                                     Duration{});
        request.end = request.start + Duration::seconds(60 * below_ns(300));
        request.align_to_step = below(4) > 0;
        request.instant = below(5) == 0;
        return request;
    }

    SizeRequest size_request() {
        SizeRequest request;
        request.matchers = {*Matcher::make("pod", MatchOp::kNotEqual, "p2")};
        request.first = Timestamp{kDayStart} + Duration::seconds(below_ns(9000));
        for (Timestamp last = request.first; request.lasts.size() < 1 + below(6);) {
            last = last + Duration::seconds(1 + below_ns(7200));
            request.lasts.push_back(last);
        }
        request.groups_of = [](const Labels& labels, std::vector<std::uint32_t>& groups) {
            groups.push_back(labels.get("app") == "a1" ? 1 : 0);
            return absl::OkStatus();
        };
        return request;
    }

  private:
    static constexpr const char* kRanges[] = {"[1m]", "[1m]", "[5m]", "[1h]", "[90s]", "[30s]"};
    static constexpr const char* kQueries[] = {
        "sum by (detected_level) (count_over_time({app=~\".+\"}[R]))",
        "sum by (level, detected_level) (count_over_time({app=~\".+\"} | drop __error__ [R]))",
        "sum by (app) (count_over_time({app=~\".+\"}[R]))",
        "sum without (pod) (bytes_over_time({app=~\".+\"}[R]))",
        "count_over_time({app=\"a1\"}[R])",
        "sum by (app) (bytes_rate({app=~\".+\"} | detected_level=~\"info|warn\" [R]))",
        "sum by (pod) (count_over_time({app=\"a0\"} | detected_level!=\"\" | level=\"\" [R]))",
        "sum by (x) (rate({app=~\".+\"} | label_format x=`{{.detected_level}}-{{.app}}` [R]))",
        "sum by (detected_level_extracted) (count_over_time({app=~\".+\"}[R]))",
        "sum by (detected_level) (count_over_time({app=~\".+\"} | keep detected_level [R]))",
        ("sum by (detected_level) (count_over_time({app=~\".+\"} | detected_level > 3 | "
         "__error__=\"\" [R]))"),
        "sum by (app) (count_over_time({app=~\".+\"} |= \"line 1\" [R]))",
        "absent_over_time({app=\"a1\"} | detected_level=\"warn\" [R])"};

    std::int64_t below_ns(std::size_t n) { return static_cast<std::int64_t>(below(n)); }
    std::string level() {
        static const std::vector<std::string> kLevels = {"info", "info", "warn", "error", "5", ""};
        return kLevels[below(kLevels.size())];
    }

    std::mt19937 random_;
    std::vector<Labels> streams_;
    std::size_t other_metadata_ = 0;
    std::size_t minutes_ = 0;
};

struct Found {
    exec::Sources told;
    exec::Sources read;
};

Found sources_of(Data& data) {
    Found found;
    for (std::size_t i = 1 + data.below(2); i > 0; --i) {
        const TestSegment segment = data.segment();
        found.told.push_back(segment.source());
        found.read.push_back(segment.without_statistics());
    }
    return found;
}

TEST(CountedRows, AgreeWithRowsAtRandom) {
    std::uint64_t lines_told = 0;
    std::uint64_t lines_read = 0;
    for (std::uint32_t seed = 0; seed < 150; ++seed) {
        Data data(seed);
        const Found sources = sources_of(data);
        for (int i = 0; i < 8; ++i) {
            const Request request = data.request();
            const Answer told = answer(sources.told, request);
            const Answer read = answer(sources.read, request);
            EXPECT_EQ(told.text, read.text)
                << "seed " << seed << " " << request.query << " step " << request.step.ns;
            lines_told += told.stats.segments.lines;
            lines_read += read.stats.segments.lines;
        }
    }
    EXPECT_LT(lines_told, lines_read);
}

StatusOr<StreamSizes> sizes_of(const exec::Sources& sources, const SizeRequest& request) {
    io::SimClock clock;
    io::SimExecutor executor(1, clock);
    StatusOr<StreamSizes> answer = absl::InternalError("not called");
    run_stream_sizes(
        executor, sources, request, {}, [&](auto sizes) { answer = std::move(sizes); });
    executor.run_until_idle();
    return answer;
}

TEST(CountedRows, SizesAgreeWithRowsAtRandom) {
    std::uint64_t lines_told = 0;
    std::uint64_t lines_read = 0;
    for (std::uint32_t seed = 1000; seed < 1300; ++seed) {
        Data data(seed);
        const Found sources = sources_of(data);
        const SizeRequest request = data.size_request();
        const auto told = sizes_of(sources.told, request);
        const auto read = sizes_of(sources.read, request);
        ASSERT_TRUE(told.ok() && read.ok());
        EXPECT_EQ(told->bytes, read->bytes) << seed;
        EXPECT_EQ(told->total_bytes, read->total_bytes) << seed;
        EXPECT_EQ(told->entries, read->entries) << seed;
        EXPECT_EQ(told->streams, read->streams) << seed;
        lines_told += told->read.segments.lines;
        lines_read += read->read.segments.lines;
    }
    EXPECT_LT(lines_told, lines_read);
}

TEST(CountedRows, SizesOfADayByHourOpenNoBlock) {
    const TestSegment segment(day_of_lines(2));
    SizeRequest request;
    request.first = {kDayStart + 1};
    for (int hour = 1; hour < 24; ++hour) {
        request.lasts.push_back({kDayStart + hour * Duration::hours(1).ns});
    }
    request.groups_of = [](const Labels&, std::vector<std::uint32_t>& groups) {
        groups.push_back(0);
        return absl::OkStatus();
    };
    // The first entry is at kDayStart, in a minute that lasts until then.
    const auto told = sizes_of({segment.with_damaged_columns()}, request);
    const auto read = sizes_of({segment.without_statistics()}, request);
    ASSERT_TRUE(told.ok() && read.ok());
    EXPECT_TRUE(told->missing.empty());
    EXPECT_EQ(told->bytes, read->bytes);
    EXPECT_EQ(told->read.segments.blocks, 0U);
}

}  // namespace
}  // namespace logi::query
