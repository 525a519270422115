// The newest lines of a broad selector open few blocks, however large the store is.
#include "absl/strings/str_cat.h"
#include "exec/visible_source.h"
#include "query/run_simulated.h"
#include "query/test_sources.h"

#include <gtest/gtest.h>

namespace logi::query {
namespace {

constexpr int kSegments = 200;
constexpr int kStreams = 5;
constexpr int kLines = 100;  // of a stream in a segment
constexpr std::int64_t kSegmentNanos = 60 * kNanosPerSecond;

// A minute of all streams per segment.
exec::Sources store() {
    exec::Sources sources;
    for (int s = 0; s < kSegments; ++s) {
        std::vector<TestEntry> entries;
        for (int stream = 0; stream < kStreams; ++stream) {
            for (int i = 0; i < kLines; ++i) {
                entries.push_back({Labels::from_pairs({{"app", absl::StrCat(stream)}}),
                                   s * kSegmentNanos + i * (kSegmentNanos / kLines) + stream,
                                   absl::StrCat("line ", i, " of segment ", s),
                                   {}});
            }
        }
        sources.push_back(TestSegment(std::move(entries)).source());
    }
    return sources;
}

Result ask(const exec::Sources& sources, bool forward, const std::string& query) {
    Request request;
    request.query = query;
    request.start = {0};
    request.end = {kSegments * kSegmentNanos};
    request.limit = 1000;
    request.forward = forward;
    StatusOr<Result> result = run_simulated(sources, *prepare(request));
    EXPECT_TRUE(result.ok()) << result.status();
    return *std::move(result);
}

TEST(NewestLines, OpenFewBlocks) {
    const exec::Sources sources = store();
    for (const bool forward : {false, true}) {
        const Result result = ask(sources, forward, "{app=~\".+\"}");
        ASSERT_EQ(result.rows.size(), 1000U);
        EXPECT_EQ(result.stats.blocks_found, 200U);
        // Two hold the answer; as many tasks as run at once may each have begun with one more.
        EXPECT_LE(result.stats.segments.blocks, 4U);
        EXPECT_LE(result.stats.segments.lines, 2000U);
        const Timestamp last{forward ? 2 * kSegmentNanos : (kSegments - 2) * kSegmentNanos};
        for (const auto& row : result.rows) {
            EXPECT_TRUE(forward ? row.time < last : row.time >= last);
        }
    }
}

// A block of many streams may be new because of others than those that are asked for.
TEST(NewestLines, BlocksAreAsNewAsTheStreamsThatAreWanted) {
    exec::Sources sources = store();
    std::vector<TestEntry> entries;
    for (int i = 0; i < 2000; ++i) {
        entries.push_back({Labels::from_pairs({{"app", "0"}}), i, "old", {}});
        entries.push_back(
            {Labels::from_pairs({{"app", "1"}}), kSegments * kSegmentNanos - 1, "new", {}});
    }
    for (int i = 0; i < 20; ++i) {
        sources.push_back(TestSegment(entries).source());
    }
    const Result result = ask(sources, false, "{app=\"0\"}");
    ASSERT_EQ(result.rows.size(), 1000U);
    EXPECT_LE(result.stats.segments.blocks, 12U);
}

// Entries that are hidden make room for older ones.
TEST(NewestLines, HiddenOnesDoNotCount) {
    exec::Sources sources = store();
    exec::Hiding hiding;
    auto rule = std::make_shared<exec::HideRule>();
    rule->first = {100 * kSegmentNanos};
    rule->last = Timestamp::max();
    hiding.rules.push_back(rule);
    for (auto& source : sources) {
        source = exec::visible(source, hiding);
    }
    const Result result = ask(sources, false, "{app=~\".+\"}");
    ASSERT_EQ(result.rows.size(), 1000U);
    for (const auto& row : result.rows) {
        EXPECT_GE(row.time.ns, 98 * kSegmentNanos);
        EXPECT_LT(row.time.ns, 100 * kSegmentNanos);
    }
    EXPECT_LE(result.stats.segments.blocks, 4U);
}

}  // namespace
}  // namespace logi::query
