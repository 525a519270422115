// Merging, compared with sorting everything in memory.
#include "compact/merge.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "compact/test_segments.h"
#include "exec/pipeline.h"
#include "logql/parser.h"
#include "segment/inspect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

namespace logi::compact {
namespace {

using Inputs = Merge::Inputs;

std::shared_ptr<const exec::HideRule> rule(const std::string& query,
                                           std::int64_t first,
                                           std::int64_t last,
                                           std::map<std::uint64_t, std::uint64_t> arrived = {}) {
    const auto log = logql::parse_log_query(query, logql::Selective::kAny);
    LOGI_CHECK(log.ok());
    auto made = std::make_shared<exec::HideRule>();
    made->matchers = log->matchers;
    made->first = {first};
    made->last = {last};
    made->arrived = std::move(arrived);
    if (!log->stages.empty()) {
        auto pipeline = exec::Pipeline::compile(*log, {});
        LOGI_CHECK(pipeline.ok());
        made->pipeline = *pipeline;
    }
    return made;
}

Merge::Source input_of(std::string bytes) {
    auto input = Merge::read(open_bytes(std::move(bytes)));
    LOGI_CHECK(input.ok());
    return *std::move(input);
}

StatusOr<Merged> merge(const Inputs& inputs,
                       const exec::Hiding& hiding,
                       const Merge::Rules& pending = {}) {
    LOGI_ASSIGN_OR_RETURN(const auto merge, Merge::make(inputs, hiding, pending));
    while (true) {
        LOGI_ASSIGN_OR_RETURN(const bool more, merge->step());
        if (!more) {
            return merge->finish();
        }
    }
}

// What directory and blocks say of numbers agrees with the rows.
void check_numbers(const segment::SegmentReader& segment, const catalog::SegmentInfo& info) {
    std::string dump;
    EXPECT_TRUE(segment::dump(segment, {.verify = true}, dump).ok()) << dump;
    std::uint64_t rows = 0;
    std::uint64_t line_bytes = 0;
    Timestamp min = Timestamp::max();
    Timestamp max = Timestamp::min();
    std::map<std::pair<std::uint32_t, std::uint32_t>, segment::StreamExtent> extents;
    const segment::StreamExtent* before = nullptr;
    const auto all = segment.select_all();
    ASSERT_TRUE(all.ok());
    for (const auto& e : all->extents()) {
        EXPECT_TRUE(before == nullptr ||
                    std::tie(before->stream, before->block) < std::tie(e.stream, e.block));
        before = &e;
        extents[{e.block, e.stream}] = e;
    }
    for (std::uint32_t b = 0; b < segment.blocks().size(); ++b) {
        const auto block = segment.open_block(b);
        ASSERT_TRUE(block.ok());
        const auto streams = *(*block)->streams();
        const auto times = *(*block)->times();
        const auto lengths = *(*block)->line_lengths();
        const auto& stats = segment.blocks()[b];
        EXPECT_EQ(stats.rows, times.size());
        EXPECT_EQ(stats.first_stream, streams.front());
        EXPECT_EQ(stats.last_stream, streams.back());
        for (std::size_t row = 0; row < times.size(); ++row) {
            auto& e = extents.at({b, streams[row]});
            EXPECT_LE(e.min_time, times[row]);
            EXPECT_GE(e.max_time, times[row]);
            --e.rows;
            e.line_bytes -= lengths[row];
            min = std::min(min, times[row]);
            max = std::max(max, times[row]);
        }
        rows += stats.rows;
        line_bytes += stats.line_bytes;
    }
    for (const auto& [place, e] : extents) {
        EXPECT_EQ(e.rows, 0U);
        EXPECT_EQ(e.line_bytes, 0U);
    }
    EXPECT_EQ(info.rows, rows);
    EXPECT_EQ(info.line_bytes, line_bytes);
    EXPECT_EQ(info.min_time, min);
    EXPECT_EQ(info.max_time, max);
}

class MergeWorld {
  public:
    explicit MergeWorld(std::uint32_t seed) : random_(seed) {}

    // Segments whose times follow each other but for `overlap_ns`; some entries are in several.
    Inputs segments(std::size_t count, std::int64_t overlap_ns, std::size_t line_bytes) {
        Inputs inputs;
        Entries earlier;
        for (std::size_t i = 0; i < count; ++i) {
            Entries entries;
            const std::size_t rows = 1 + random_() % 400;
            const auto begin = static_cast<std::int64_t>(i) * 1000;
            for (std::size_t r = 0; r < rows; ++r) {
                entries.push_back(
                    entry(begin - overlap_ns +
                              static_cast<std::int64_t>(
                                  random_() % (1000 + 2 * static_cast<std::uint64_t>(overlap_ns))),
                          i + 1,
                          r,
                          line_bytes));
            }
            if (overlap_ns > 0) {
                for (std::size_t r = 0; r < earlier.size(); r += 10) {
                    TestEntry again = earlier[r];
                    again.sequence = {i + 1, 1000 + r, 0};
                    entries.push_back(again);
                }
            }
            entries = without_duplicates(std::move(entries));
            inputs.push_back(input_of(segment_bytes(entries)));
            all_.insert(all_.end(), entries.begin(), entries.end());
            earlier = std::move(entries);
        }
        return inputs;
    }
    [[nodiscard]] const Entries& all() const { return all_; }
    std::uint32_t random() { return static_cast<std::uint32_t>(random_()); }

  private:
    TestEntry entry(std::int64_t ns, std::size_t journal, std::size_t position, std::size_t bytes) {
        TestEntry e;
        e.labels = Labels::from_pairs(
            {{"app", absl::StrCat("a", random_() % 4)}, {"pod", absl::StrCat(random_() % 3)}});
        e.ns = ns;
        e.sequence = {journal, position + 1, 0};
        e.line = absl::StrCat("line ", random_() % 50, " of ", random_() % 3);
        e.line.resize(e.line.size() + random_() % (bytes + 1), 'x');
        if (random_() % 3 == 0) {
            e.metadata = {{"level", "info"}, {"trace", absl::StrCat(random_() % 9)}};
        }
        return e;
    }

    std::mt19937 random_;
    Entries all_;
};

TEST(Merge, IsAsSortingEverything) {
    std::uint64_t copied = 0;
    std::uint64_t duplicates = 0;
    for (std::uint32_t seed = 1; seed <= 15; ++seed) {
        MergeWorld world(seed);
        const std::size_t line_bytes = seed % 3 == 0 ? 60'000 : 100;
        const std::int64_t overlap = seed % 2 == 0 ? 0 : 300;
        const Inputs inputs = world.segments(1 + world.random() % 6, overlap, line_bytes);
        const auto merged = merge(inputs, {});
        ASSERT_TRUE(merged.ok()) << merged.status();
        const auto segment = open_bytes(merged->bytes);
        const Entries expected = without_duplicates(world.all());
        ASSERT_EQ(entries_of(*segment), expected) << seed;
        EXPECT_EQ(merged->counts.duplicates, world.all().size() - expected.size());
        check_numbers(*segment, merged->info);
        copied += merged->counts.blocks_copied;
        duplicates += merged->counts.duplicates;
        ASSERT_FALSE(::testing::Test::HasFailure()) << seed;
        // And again: one alone is copied block by block.
        const auto again = merge({*Merge::read(segment)}, {});
        ASSERT_TRUE(again.ok());
        EXPECT_EQ(again->counts.blocks_encoded, 0U);
        ASSERT_EQ(entries_of(*open_bytes(again->bytes)), expected);
        // A merged one, whose blocks are not in one order, with another.
        MergeWorld other(seed + 1000);
        Inputs more = other.segments(1, 0, 100);
        more.push_back(*Merge::read(segment));
        const auto both = merge(more, {});
        ASSERT_TRUE(both.ok());
        Entries of_both = world.all();
        of_both.insert(of_both.end(), other.all().begin(), other.all().end());
        ASSERT_EQ(entries_of(*open_bytes(both->bytes)), without_duplicates(of_both)) << seed;
    }
    EXPECT_GT(copied, 20U);
    EXPECT_GT(duplicates, 50U);
}

TEST(Merge, LeavesOutWhatIsHidden) {
    std::uint64_t hidden = 0;
    for (std::uint32_t seed = 1; seed <= 15; ++seed) {
        MergeWorld world(seed);
        const Inputs inputs =
            world.segments(1 + seed % 3, seed % 2 == 0 ? 0 : 300, seed % 3 == 0 ? 60'000 : 100);
        exec::Hiding hiding;
        hiding.rules = {rule("{app=\"a1\"}", 100, 1500),
                        rule("{app=~\"a[23]\"} |= \"line 1\" | trace != \"3\"", 500, 5000),
                        rule("{pod=\"2\"} |~ \"of [01]\"", 0, 900, {{1, 200}})};
        hiding.retention.push_back({{*Matcher::make("app", MatchOp::kEqual, "a0")}, {200}});
        hiding.retention.push_back({{}, {50}});
        const auto is_hidden = [](const TestEntry& e) {
            const auto app = e.labels.get("app");
            const bool first = app == "a1" && e.ns >= 100 && e.ns <= 1500;
            const bool second = (app == "a2" || app == "a3") &&
                                absl::StrContains(e.line, "line 1") && e.ns >= 500 &&
                                e.ns <= 5000 && (e.metadata.empty() || e.metadata[1].value != "3");
            const bool third =
                e.labels.get("pod") == "2" &&
                (absl::StrContains(e.line, "of 0") || absl::StrContains(e.line, "of 1")) &&
                e.ns >= 0 && e.ns <= 900 && e.sequence.journal == 1 && e.sequence.position <= 200;
            return first || second || third || e.ns < (app == "a0" ? 200 : 50);
        };
        Entries expected = world.all();
        std::erase_if(expected, is_hidden);
        const auto merged = merge(inputs, hiding);
        ASSERT_TRUE(merged.ok()) << merged.status();
        if (expected.empty()) {
            EXPECT_TRUE(merged->bytes.empty());
            continue;
        }
        const auto segment = open_bytes(merged->bytes);
        ASSERT_EQ(entries_of(*segment), without_duplicates(expected)) << seed;
        EXPECT_EQ(merged->counts.hidden, world.all().size() - expected.size());
        check_numbers(*segment, merged->info);
        hidden += merged->counts.hidden;
        // Queries see the same.
        Entries shown;
        for (const auto& input : inputs) {
            const Entries some = entries_of(*exec::visible(input.segment, hiding));
            shown.insert(shown.end(), some.begin(), some.end());
        }
        std::sort(shown.begin(), shown.end());
        std::sort(expected.begin(), expected.end());
        ASSERT_EQ(shown, expected);
        ASSERT_FALSE(::testing::Test::HasFailure()) << seed;
    }
    EXPECT_GT(hidden, 1000U);
}

TEST(Merge, NothingMayBeLeft) {
    MergeWorld world(1);
    const Inputs inputs = world.segments(3, 300, 100);
    exec::Hiding hiding;
    hiding.rules = {rule("{}", INT64_MIN, INT64_MAX)};
    const auto merged = merge(inputs, hiding);
    ASSERT_TRUE(merged.ok()) << merged.status();
    EXPECT_TRUE(merged->bytes.empty());
    EXPECT_EQ(merged->counts.hidden, world.all().size());
}

// Somebody logs a million times at once.
TEST(Merge, CrowdedPlacesKeepTheirOrder) {
    Inputs inputs;
    Entries all;
    for (std::uint64_t i = 0; i < 3; ++i) {
        Entries entries;
        for (std::uint64_t k = 0; k < 2000; ++k) {
            entries.push_back({Labels::from_pairs({{"a", "b"}}),
                               7,
                               {i + 1, k + 1, 0},
                               absl::StrCat("line ", (k * 7 + i * 500) % 3000),
                               {}});
        }
        inputs.push_back(input_of(segment_bytes(entries)));
        all.insert(all.end(), entries.begin(), entries.end());
    }
    const auto merged = merge(inputs, {});
    ASSERT_TRUE(merged.ok());
    EXPECT_EQ(entries_of(*open_bytes(merged->bytes)), without_duplicates(all));
}

TEST(Merge, DamageIsNoticed) {
    MergeWorld world(3);
    Inputs inputs = world.segments(2, 0, 100);
    Entries entries = entries_of(*inputs.front().segment);
    std::string bytes = segment_bytes(entries);
    bytes[segment::kHeaderBytes + 20] = static_cast<char>(~bytes[segment::kHeaderBytes + 20]);
    inputs.push_back(input_of(bytes));
    EXPECT_EQ(merge(inputs, {}).status().code(), absl::StatusCode::kDataLoss);
    EXPECT_EQ(merge({inputs.back()}, {}).status().code(), absl::StatusCode::kDataLoss);
}

TEST(Merge, NamesTheInputThatFails) {
    MergeWorld world(3);
    Inputs inputs = world.segments(3, 0, 100);
    std::string bytes = segment_bytes(entries_of(*inputs[1].segment));
    bytes[segment::kHeaderBytes + 20] = static_cast<char>(~bytes[segment::kHeaderBytes + 20]);
    inputs[1] = input_of(bytes);
    const auto merge = Merge::make(inputs, {});
    ASSERT_TRUE(merge.ok()) << merge.status();
    StatusOr<bool> more = true;
    while (more.ok() && *more) {
        more = (*merge)->step();
    }
    EXPECT_TRUE(absl::IsDataLoss(more.status())) << more.status();
    EXPECT_EQ((*merge)->failed_input(), 1U);
}

// What does not fit beside the others is rewritten by itself: nothing is lost.
TEST(Merge, MoreBlocksThanMayBeOpen) {
    Inputs inputs;
    Entries all;
    for (std::uint64_t i = 0; i < 2 * Merge::kOpenBlocksMax; ++i) {
        Entries entries;
        for (std::uint64_t r = 0; r < 3; ++r) {
            entries.push_back({Labels::from_pairs({{"a", "b"}}),
                               static_cast<std::int64_t>(r * 1000 + i),
                               {i + 1, r + 1, 0},
                               absl::StrCat(i, "/", r),
                               {}});
        }
        inputs.push_back(input_of(segment_bytes(entries)));
        all.insert(all.end(), entries.begin(), entries.end());
    }
    const auto merged = merge(inputs, {});
    ASSERT_TRUE(merged.ok()) << merged.status();
    Entries found = entries_of(*open_bytes(merged->bytes));
    EXPECT_EQ(found.size(), all.size());
    const auto by_line = [](const TestEntry& x, const TestEntry& y) {
        return x.line < y.line;
    };
    std::sort(found.begin(), found.end(), by_line);
    std::sort(all.begin(), all.end(), by_line);
    EXPECT_EQ(found, all);
    EXPECT_EQ(merged->counts.blocks_encoded, Merge::kOpenBlocksMax + 1);
}

TEST(Merge, AnEntryPushedAgainAfterADeleteStays) {
    const Labels labels = Labels::from_pairs({{"a", "b"}});
    const auto segment_of = [&](std::uint64_t position) {
        return input_of(segment_bytes({{labels, 5, {1, position, 0}, "same", {}}}));
    };
    const Inputs inputs = {segment_of(1), segment_of(2), segment_of(3), segment_of(4)};
    const auto deleted = rule("{a=\"b\"}", 0, 10, {{1, 2}});
    // Before it is due.
    const auto waiting = merge(inputs, {}, {deleted});
    ASSERT_TRUE(waiting.ok());
    EXPECT_EQ(waiting->counts.duplicates, 2U);
    const auto entries = entries_of(*open_bytes(waiting->bytes));
    ASSERT_EQ(entries.size(), 2U);
    EXPECT_EQ(entries[0].sequence.position, 1U);
    EXPECT_EQ(entries[1].sequence.position, 3U);
    // And when it is.
    exec::Hiding hiding;
    hiding.rules = {deleted};
    const auto applied = merge({input_of(waiting->bytes)}, hiding, {deleted});
    ASSERT_TRUE(applied.ok());
    ASSERT_EQ(entries_of(*open_bytes(applied->bytes)).size(), 1U);
    EXPECT_EQ(entries_of(*open_bytes(applied->bytes)).front().sequence.position, 3U);
}

// A merged segment may have blocks whose times overlap: those of another input may lie in all.
TEST(Merge, EveryBlockThatOverlapsIsMerged) {
    const Labels labels = Labels::from_pairs({{"a", "b"}});
    constexpr std::uint32_t kRows = block::kBlockRowsMax / 2 + 10;
    const auto segment_of = [&](const std::vector<std::pair<std::int64_t, std::int64_t>>& blocks,
                                std::uint64_t journal) {
        segment::SegmentWriter writer({labels});
        std::uint64_t position = 0;
        for (const auto& [first, step] : blocks) {
            for (std::uint32_t r = 0; r < kRows; ++r) {
                block::Row row;
                row.time = {first + step * r};
                row.sequence = {journal, ++position, 0};
                row.line = "same";
                writer.add(row);
            }
            writer.close_block();
        }
        return input_of(writer.finish());
    };
    const auto overlapping = segment_of({{0, 10}, {10 * kRows / 2, 1}}, 1);
    const auto other = segment_of({{10 * kRows / 2, 1}}, 2);
    const auto merged = merge({overlapping, other}, {});
    ASSERT_TRUE(merged.ok()) << merged.status();
    EXPECT_EQ(merged->counts.blocks_copied, 0U);
    const auto entries = entries_of(*open_bytes(merged->bytes));
    EXPECT_EQ(entries, without_duplicates(entries));
}

// The streams of a segment of another program may come in any order.
TEST(Merge, StreamsOutOfOrderAreRefused) {
    std::vector<block::Row> rows(2);
    rows[1].stream = 1;
    segment::SegmentWriter writer(
        {Labels::from_pairs({{"a", "z"}}), Labels::from_pairs({{"a", "b"}})});
    writer.add(rows[0]);
    writer.add(rows[1]);
    const auto segment = input_of(writer.finish());
    EXPECT_EQ(merge({segment, segment}, {}).status().code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace logi::compact
