// Queries over segments that overlap all the time: their pieces are of some streams each.
#include "absl/strings/str_cat.h"
#include "logql/parser.h"
#include "query/pieces.h"
#include "query/run_simulated.h"
#include "query/serve.h"
#include "query/split_range.h"
#include "query/spread.h"
#include "query/sub_plan.h"
#include "query/tenant_source.h"
#include "query/test_sources.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

namespace logi::query {
namespace {

constexpr std::int64_t kSplitStart = 1'700'000'000LL * kNanosPerSecond;
constexpr std::int64_t kSplitSeconds = 600;
constexpr int kSplitStreams = 40;

Labels stream_of(int number) {
    return Labels::from_pairs({{"app", number % 2 == 0 ? "even" : "odd"},
                               {"n", absl::StrCat(number < 10 ? "0" : "", number)}});
}

// What writers behind a load balancer have flushed: each all streams and times, and some entries of
// others as well.
struct Overlapping {
    explicit Overlapping(std::uint64_t seed, int segments, int tenants = 1) {
        std::mt19937_64 random(seed);
        spread->options.piece_bytes = 1;
        spread->options.split_bytes_min = 1;
        spread->options.pieces_max = 8;
        spread->options.open_share = 1;
        for (int t = 0; t < tenants; ++t) {
            StoredPart part;
            part.tenant = absl::StrCat("t", t);
            part.label = tenants == 1 ? TenantLabel::kNone : TenantLabel::kShown;
            exec::Sources opened;
            std::vector<TestEntry> shared;
            for (int s = 0; s < segments; ++s) {
                std::vector<TestEntry> entries = shared;
                for (int i = 0; i < 300; ++i) {
                    entries.push_back(entry(random));
                    if (random() % 4 == 0) {
                        shared.push_back(entries.back());
                    }
                }
                for (const std::int64_t edge : {std::int64_t{0}, kSplitSeconds - 1}) {
                    entries.push_back({stream_of(static_cast<int>(random() % kSplitStreams)),
                                       kSplitStart + edge * kNanosPerSecond,
                                       "edge v=1",
                                       {}});
                }
                const TestSegment segment(std::move(entries), 5);
                const std::string key = absl::StrCat(part.tenant, "/", s);
                part.segments.push_back({key,
                                         {kSplitStart},
                                         {kSplitStart + (kSplitSeconds - 1) * kNanosPerSecond},
                                         segment.size_bytes()});
                stored[key] = segment.source();
                opened.push_back(tenants == 1 ? stored[key]
                                              : of_tenant(stored[key], part.tenant, true));
            }
            spread->stored.push_back(std::move(part));
            spread->opened.push_back(std::move(opened));
        }
    }

    static TestEntry entry(std::mt19937_64& random) {
        const std::int64_t second = static_cast<std::int64_t>(random() % kSplitSeconds);
        return {stream_of(static_cast<int>(random() % kSplitStreams)),
                kSplitStart + second * kNanosPerSecond,
                absl::StrCat("line v=", random() % 100, " k=", random() % 4),
                {}};
    }

    std::map<std::string, std::shared_ptr<const segment::Source>> stored;
    std::shared_ptr<Spread> spread = std::make_shared<Spread>();
};

// Another reader that answers, or is of an older version: then it knows no ranges of streams.
class OneReader final : public Readers {
  public:
    OneReader(std::shared_ptr<io::Executor> executor, const Overlapping& data, bool older)
        : executor_(std::move(executor)), data_(data), older_(older) {}

    [[nodiscard]] std::vector<std::string> for_key(std::string_view key) const override {
        keys.emplace_back(key);
        return {"other", ""};
    }
    void ask(const std::string& /*reader*/,
             std::string sub_plan,
             Duration /*timeout*/,
             io::CancelToken cancel,
             std::function<void(StatusOr<std::string>)> done) override {
        const auto plan = decode_sub_plan(sub_plan);
        ASSERT_TRUE(plan.ok()) << plan.status();
        ++asked;
        ranged += plan->streams.has_all() ? 0 : 1;
        plans.push_back(*plan);
        if (older_ && !plan->streams.has_all()) {
            executor_->post([done] { done(absl::UnimplementedError("version 2")); });
            return;
        }
        exec::Sources sources;
        for (const StoredPart& part : plan->parts) {
            for (const StoredSegment& segment : part.segments) {
                const auto& source = data_.stored.at(segment.key);
                sources.push_back(part.label == TenantLabel::kNone
                                      ? source
                                      : of_tenant(source, part.tenant, true));
            }
        }
        serve(executor_, *plan, sources, 1 << 30, cancel, [done](std::string answer) {
            done(std::move(answer));
        });
    }

    mutable std::vector<std::string> keys;
    std::vector<SubPlan> plans;
    int asked = 0;
    int ranged = 0;

  private:
    const std::shared_ptr<io::Executor> executor_;
    const Overlapping& data_;
    const bool older_;
};

Request split_request(const std::string& query) {
    Request request;
    request.query = query;
    request.start = {kSplitStart};
    request.end = {kSplitStart + kSplitSeconds * kNanosPerSecond};
    request.step = Duration::seconds(60);
    request.now = request.end;
    return request;
}

std::string text_of(const StatusOr<Result>& result) {
    if (!result.ok()) {
        return result.status().ToString();
    }
    std::string out;
    for (const LogRow& row : result->rows) {
        absl::StrAppend(&out, row.time.ns, " ", row.stream->to_string(), " ", row.line, "\n");
    }
    for (const Series& series : result->series) {
        absl::StrAppend(&out, series.labels.to_string());
        for (const Point& point : series.points) {
            absl::StrAppend(&out, " ", point.time.ns, ":", point.value);
        }
        absl::StrAppend(&out, "\n");
    }
    return out;
}

struct Split {
    std::string answer;
    std::shared_ptr<OneReader> reader;
};

Split run_split(const Overlapping& data,
                const Request& request,
                bool older = false,
                const Limits& limits = {}) {
    io::SimClock clock(request.now);
    const auto executor = std::make_shared<io::SimExecutor>(1, clock);
    Split split{{}, std::make_shared<OneReader>(executor, data, older)};
    data.spread->readers = split.reader;
    run_spread(executor, data.spread, *prepare(request), limits, {}, [&](const auto& result) {
        split.answer = text_of(result);
    });
    executor->run_until_idle();
    return split;
}

const std::vector<std::string> kSplitQueries = {
    R"({app=~".+"} |= "line")",
    R"({app=~".+"} | logfmt | v > 50 | label_format app="all", n="none")",
    R"({n=~"0.|3."} |= "k=1")",
    R"(sum by (app) (count_over_time({app=~".+"} |= "k=2" [2m])))",
    R"(count_over_time({app=~".+"} | logfmt | label_format app="all", n="{{.k}}" | drop v [90s]))",
    R"(quantile_over_time(0.9, {app=~".+"} | logfmt | unwrap v [3m]) by (k))",
    R"(max by (app) (max_over_time({app=~".+"} | logfmt | unwrap v [1m])))",
    R"(avg_over_time({app=~".+"} | logfmt | unwrap v [2m]) by (app))",
    R"(topk(3, sum by (n) (rate({app=~".+"} | logfmt | k = 1 [4m]))))",
    R"(last_over_time({app=~".+"} | logfmt | label_format k="" | unwrap v [2m]) by (n))",
    R"(absent_over_time({app=~".+"} |= "k=9" [1m]))",
    R"(sum(bytes_over_time({app=~".+"} |~ "v=[0-4]" [1m])) / sum(count_over_time({app=~".+"} | logfmt | v < 50 [1m])))",
};

TEST(SplitRange, ALeafIsAQueryOfTheSameLeaf) {
    for (const std::string query : {"sum(rate({a=\"b\"} |= \"x\" [5m]))",
                                    "sum by (c) (count_over_time({a=\"b\"}[5m]))",
                                    "sum without (c) (bytes_over_time({a=\"b\"} | json [5m]))",
                                    "sum without () (rate({a=\"b\"}[5m]))",
                                    "max(rate({a=\"b\"}[5m]))",
                                    "avg_over_time({a=\"b\"} | unwrap c [5m]) by ()",
                                    "absent_over_time({a=\"b\"}[5m])",
                                    "sum(absent_over_time({a=\"b\"}[5m]))"}) {
        const auto expr = *logql::parse(query);
        const Leaf leaf = leaves(*expr).front();
        const std::string text = text_of(leaf);
        ASSERT_FALSE(text.empty()) << query;
        const auto again = *logql::parse(text);
        const Leaf same = leaves(*again).front();
        EXPECT_EQ(text_of(same), text) << query;
        ASSERT_EQ(same.grouping.has_value(), leaf.grouping.has_value()) << query;
        if (leaf.grouping.has_value()) {
            EXPECT_EQ(same.grouping->without, leaf.grouping->without) << query;
            EXPECT_EQ(same.grouping->labels, leaf.grouping->labels) << query;
        }
    }
}

TEST(SplitStreams, AnswersAreThoseOfOnePlace) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        const Overlapping data(seed, 4, seed == 3 ? 2 : 1);
        for (const std::string& query : kSplitQueries) {
            for (const bool forward : {false, true}) {
                for (const std::uint32_t limit : {1U, 30U, 100'000U}) {
                    Request request = split_request(query);
                    request.forward = forward;
                    request.limit = limit;
                    request.interval = limit == 30 ? Duration::seconds(7) : Duration();
                    const auto whole = run_simulated(data.spread->all(), *prepare(request));
                    const Split split = run_split(data, request);
                    ASSERT_TRUE(whole.ok()) << whole.status();
                    EXPECT_EQ(split.answer, text_of(whole)) << query;
                    EXPECT_GT(split.reader->ranged, 1) << query;
                    EXPECT_EQ(split.reader->ranged, split.reader->asked);
                }
            }
        }
    }
}

TEST(SplitStreams, WhoKnowsNoRangesIsNotNeeded) {
    const Overlapping data(7, 3);
    for (const std::string& query : kSplitQueries) {
        const Request request = split_request(query);
        const Split split = run_split(data, request, true);
        EXPECT_EQ(split.answer, text_of(run_simulated(data.spread->all(), *prepare(request))));
        EXPECT_GT(split.reader->ranged, 1) << query;
    }
}

TEST(SplitStreams, WhatFewBlocksTellIsReadInOnePlace) {
    const Overlapping data(7, 3);
    for (const std::string query : {"{app=~\".+\"}",
                                    "{app=~\".+\"} | logfmt",
                                    "sum(count_over_time({app=~\".+\"}[1m]))",
                                    "{n=\"07\"} |= \"line\""}) {
        EXPECT_EQ(run_split(data, split_request(query)).reader->asked, 0) << query;
    }
}

TEST(SplitStreams, TheSameStreamsGoToTheSameReaders) {
    const Overlapping data(7, 3);
    Request request = split_request(kSplitQueries[3]);
    request.start = request.start + Duration::seconds(120);
    const auto keys = run_split(data, request).reader->keys;
    request.start = request.start + Duration::seconds(60);
    request.end = request.end + Duration::seconds(60);
    EXPECT_EQ(run_split(data, request).reader->keys, keys);
    request.query = R"(sum(count_over_time({app=~".+"} |= "k=1" [3m])))";
    EXPECT_EQ(run_split(data, request).reader->keys, keys);
    const std::set<std::string> different(keys.begin(), keys.end());
    EXPECT_GE(different.size(), 8U);
}

TEST(SplitStreams, OnceThereAreEnoughLinesOthersAreAskedForNewerOnes) {
    const Overlapping data(7, 3);
    Request request = split_request(kSplitQueries[0]);
    request.limit = 10;
    const auto plans = run_split(data, request).reader->plans;
    ASSERT_GT(plans.size(), 2U);
    EXPECT_EQ(plans.front().first, request.start);
    EXPECT_GT(plans.back().first, request.start + Duration::seconds(300));
    request.forward = true;
    const auto forward = run_split(data, request).reader->plans;
    EXPECT_LT(forward.back().last, request.start + Duration::seconds(300));
}

TEST(SplitStreams, WithLittleMemoryPiecesFollowEachOther) {
    const Overlapping data(7, 3);
    Request request = split_request(kSplitQueries[0]);
    request.limit = 30;
    const std::string whole = text_of(run_simulated(data.spread->all(), *prepare(request)));
    int failed = 0;
    for (std::int64_t kib = 1; kib <= 256; kib *= 2) {
        for (const bool older : {true, false}) {
            Limits limits;
            limits.max_query_memory_bytes = kib << 10;
            const std::string answer = run_split(data, request, older, limits).answer;
            failed += answer == whole ? 0 : 1;
            EXPECT_TRUE(answer == whole || (kib <= 64 && answer.find("RESOURCE_EXHAUSTED") == 0))
                << kib << " " << answer.substr(0, 200);
        }
    }
    EXPECT_GT(failed, 0);
}

TEST(SplitStreams, EveryEntryIsInOnePiece) {
    const Overlapping data(5, 4);
    io::SimClock clock({kSplitStart});
    const auto executor = std::make_shared<io::SimExecutor>(1, clock);
    data.spread->readers = std::make_shared<OneReader>(executor, data, false);
    std::vector<Piece> pieces;
    find_pieces(*executor,
                *data.spread,
                {{}, {kSplitStart}, {kSplitStart + kSplitSeconds * kNanosPerSecond}},
                {},
                [&](auto found) { pieces = *std::move(found); });
    executor->run_until_idle();
    ASSERT_GT(pieces.size(), 2U);
    const auto rows_of = [](const exec::Sources& sources, Timestamp first, Timestamp last) {
        std::map<std::pair<std::string, std::int64_t>, int> rows;
        for (const auto& source : sources) {
            const auto selection = source->select({}, first, last);
            for (const segment::StreamExtent& e : selection->extents()) {
                const auto block = selection->open_block(e.block);
                const auto times = *(*block)->times();
                const auto streams = *(*block)->streams();
                for (std::size_t i = 0; i < times.size(); ++i) {
                    if (streams[i] == e.stream && times[i] >= first && times[i] <= last) {
                        ++rows[{selection->labels(e.stream).to_string(), times[i].ns}];
                    }
                }
            }
        }
        return rows;
    };
    std::map<std::pair<std::string, std::int64_t>, int> got;
    for (const Piece& piece : pieces) {
        for (const auto& [row, count] : rows_of(piece.sources, piece.time.first, piece.time.last)) {
            EXPECT_TRUE(got.emplace(row, count).second) << row.first << " " << row.second;
        }
    }
    EXPECT_EQ(got, rows_of(data.spread->all(), Timestamp::min(), Timestamp::max()));
}

}  // namespace
}  // namespace logi::query
