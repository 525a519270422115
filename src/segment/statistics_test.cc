#include "segment/statistics.h"

#include "absl/strings/str_cat.h"
#include "codec/compress.h"
#include "segment/count_rows.h"
#include "segment/inspect.h"
#include "segment/memory_file.h"
#include "segment/segment_writer.h"
#include "segment/statistics_page.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace logi::segment {
namespace {

constexpr std::int64_t kMinute = 60 * kNanosPerSecond;
constexpr std::int64_t kFirstMinute = 1'700'000'040LL * kNanosPerSecond;  // of a minute

// Entries that a segment is written of; rows point into it.
struct Entries {
    struct Entry {
        std::uint32_t stream = 0;
        std::int64_t ns = 0;
        std::string line;
        std::vector<LabelPair> metadata;
    };
    std::vector<Labels> streams;
    std::vector<Entry> entries;  // in the order (stream, time)

    [[nodiscard]] std::string write() const {
        SegmentWriter writer(streams);
        std::vector<std::vector<MetadataView>> metadata;
        metadata.reserve(entries.size());
        std::uint64_t position = 0;
        for (const Entry& e : entries) {
            auto& pairs = metadata.emplace_back();
            for (const LabelPair& pair : e.metadata) {
                pairs.push_back({pair.name, pair.value});
            }
            block::Row row;
            row.stream = e.stream;
            row.time = {e.ns};
            row.sequence = {1, ++position, 0};
            row.line = e.line;
            row.metadata = pairs.data();
            row.metadata_count = static_cast<std::uint32_t>(pairs.size());
            writer.add(row);
        }
        return writer.finish();
    }
};

Entries streams_of(std::size_t count) {
    Entries out;
    for (std::size_t i = 0; i < count; ++i) {
        out.streams.push_back(Labels::from_pairs({{"pod", absl::StrCat(1'000'000 + i)}}));
    }
    return out;
}

std::vector<LabelPair> level(std::string_view value) {
    return {{"detected_level", std::string(value)}};
}

std::shared_ptr<const SegmentReader> opened(const std::string& bytes) {
    auto segment = open_in_memory(bytes, "test.segment");
    EXPECT_TRUE(segment.ok()) << segment.status();
    return *segment;
}

// What is told of a block; nothing: nothing.
StatusOr<std::optional<BlockStatistics>> told_of(const SegmentReader& segment,
                                                 std::uint32_t block) {
    LOGI_ASSIGN_OR_RETURN(const auto all, segment.select_all());
    LOGI_ASSIGN_OR_RETURN(const auto told, all.statistics(all.extents_by_block()[block]));
    return told.has_value() ? std::optional(told->copy()) : std::nullopt;
}

TEST(Statistics, BucketsEndAtMultiplesOfTheirWidth) {
    EXPECT_EQ(bucket_of({0}, kMinuteBuckets), 0);
    EXPECT_EQ(bucket_of({1}, kMinuteBuckets), 1);
    EXPECT_EQ(bucket_of({kMinute}, kMinuteBuckets), 1);
    EXPECT_EQ(bucket_of({-1}, kMinuteBuckets), 0);
    EXPECT_EQ(bucket_of({-kMinute}, kMinuteBuckets), -1);
    EXPECT_EQ(bucket_of({kFirstMinute}, kWholeBucket), 0);
    StreamExtent extent;
    extent.min_time = {-90 * kNanosPerSecond};
    extent.max_time = {30 * kNanosPerSecond};
    using Times = std::pair<Timestamp, Timestamp>;
    EXPECT_EQ(times_of(extent, kMinuteBuckets, -1), (Times{extent.min_time, {-kMinute}}));
    EXPECT_EQ(times_of(extent, kMinuteBuckets, 0), (Times{{1 - kMinute}, {0}}));
    EXPECT_EQ(times_of(extent, kMinuteBuckets, 1), (Times{{1}, extent.max_time}));
    EXPECT_EQ(times_of(extent, kWholeBucket, 0), (Times{extent.min_time, extent.max_time}));
    extent.min_time = Timestamp::min();
    extent.max_time = Timestamp::max();
    for (const Timestamp time : {Timestamp::min(), Timestamp::max()}) {
        const auto [first, last] =
            times_of(extent, kMinuteBuckets, bucket_of(time, kMinuteBuckets));
        EXPECT_TRUE(first <= time && time <= last);
    }
}

TEST(Statistics, CountByMinuteAndLevel) {
    Entries e = streams_of(2);
    for (int i = 0; i < 40; ++i) {
        e.entries.push_back({0, kFirstMinute + 1 + i, "12", level(i % 4 == 0 ? "error" : "info")});
    }
    for (int i = 0; i < 20; ++i) {
        e.entries.push_back({0, kFirstMinute + kMinute, "1", {}});
    }
    e.entries.push_back({1, kFirstMinute, "abc", {{"detected_level", ""}, {"trace", "x"}}});
    const auto segment = opened(e.write());
    const auto statistics = told_of(*segment, 0);
    ASSERT_TRUE(statistics.ok()) << statistics.status();
    ASSERT_TRUE(statistics->has_value());
    EXPECT_EQ((*statistics)->levels, (std::vector<std::string>{"error", "info", ""}));
    EXPECT_EQ((*statistics)->names, std::vector<std::string>{"trace"});
    const std::int64_t minute = kFirstMinute / kMinute + 1;
    const ExtentCounts* const first = (*statistics)->find(0);
    ASSERT_NE(first, nullptr);
    EXPECT_EQ(first->width, kMinuteBuckets);
    // "detected_level", "error" and "info" count once, each pair eight bytes.
    EXPECT_EQ(first->counts,
              (std::vector<LevelCount>{{minute, kNoLevel, 20, 20, 0},
                                       {minute, kFirstLevel, 10, 20, 80 + 14 + 5},
                                       {minute, kFirstLevel + 1, 30, 60, 240 + 4}}));
    const ExtentCounts* const second = (*statistics)->find(1);
    ASSERT_NE(second, nullptr);
    EXPECT_EQ(second->counts,
              (std::vector<LevelCount>{{minute - 1, kFirstLevel + 2, 1, 3, 16 + 14 + 6}}));
    EXPECT_EQ((*statistics)->find(2), nullptr);
}

TEST(Statistics, ManyLevelsAndNamesAreNotToldApart) {
    Entries e = streams_of(1);
    for (int i = 0; i < 4000; ++i) {
        e.entries.push_back({0, kFirstMinute + i, "line", level(absl::StrCat("l", i % 40))});
        e.entries.back().metadata.push_back({absl::StrCat("name", i % 70), "x"});
    }
    e.entries.push_back(
        {0, kFirstMinute + 4000, "", {{"detected_level", "a"}, {"detected_level", "b"}}});
    const auto segment = opened(e.write());
    const auto statistics = *told_of(*segment, 0);
    ASSERT_TRUE(statistics.has_value());
    EXPECT_EQ(statistics->levels.size(), LevelNumbers::kLevelsMax);
    EXPECT_FALSE(statistics->names.has_value());
    const ExtentCounts* const counts = statistics->find(0);
    ASSERT_NE(counts, nullptr);
    ASSERT_EQ(counts->counts[1].level, kOtherLevel);
    EXPECT_EQ(counts->counts[1].rows, 1001U);
    std::string text;
    EXPECT_TRUE(dump(*segment, {.verify = true}, text).ok()) << text;
}

// Sums of counts, by stream, time to which a bucket lasts, and level.
std::uint64_t rows_of(const ExtentCounts& extent) {
    std::uint64_t rows = 0;
    for (const LevelCount& count : extent.counts) {
        rows += count.rows;
    }
    return rows;
}

TEST(Statistics, CoarserCountsAreSumsOfFinerOnes) {
    std::mt19937 random(1);
    LevelNumbers levels;
    for (int turn = 0; turn < 200; ++turn) {
        RowCounter counter(levels);
        std::vector<std::pair<Timestamp, std::string>> rows;
        Timestamp time{static_cast<std::int64_t>(random() % 100'000'000) * kNanosPerSecond -
                       50'000'000 * kNanosPerSecond};
        const std::int64_t gap = std::int64_t{1} << (random() % 14U);
        for (std::size_t i = 1 + random() % 300; i > 0; --i) {
            time = time + Duration::seconds(static_cast<std::int64_t>(random()) % gap);
            rows.emplace_back(time, absl::StrCat("l", random() % 3));
        }
        std::vector<MetadataView> views;
        for (const auto& [at, name] : rows) {
            views.push_back({"detected_level", name});
        }
        for (std::size_t i = 0; i < rows.size(); ++i) {
            counter.add(7, rows[i].first, i, {&views[i], 1}, 1);
        }
        BlockStatistics statistics = counter.finish();
        const std::uint64_t rows_min = 1 + random() % 200;
        coarsen(statistics, rows_min);
        const ExtentCounts& extent = statistics.extents.at(0);
        if (extent.width == kNoBuckets) {
            EXPECT_TRUE(extent.counts.empty());
            continue;
        }
        EXPECT_LE((extent.counts.size() - 1) * rows_min, rows.size());
        std::map<std::pair<std::int64_t, std::uint32_t>, LevelCount> model;
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const std::int64_t bucket = bucket_of(rows[i].first, extent.width);
            const std::uint32_t number = levels.number(rows[i].second);
            LevelCount& count = model[{bucket, number}];
            count = {
                bucket, number, count.rows + 1, count.line_bytes + i, count.metadata_bytes + 1};
        }
        std::vector<LevelCount> expected;
        for (const auto& [place, count] : model) {
            expected.push_back(count);
        }
        EXPECT_EQ(extent.counts, expected) << turn;
    }
}

// `rows` of each of many streams, over six hours.
std::string segment_of(std::size_t streams, std::size_t rows) {
    std::mt19937 random(2);
    Entries e = streams_of(streams);
    for (std::uint32_t stream = 0; stream < streams; ++stream) {
        std::int64_t ns = kFirstMinute;
        for (std::size_t i = 0; i < rows; ++i) {
            ns += static_cast<std::int64_t>(random() % (2 * 360 / rows)) * kMinute + 12345;
            e.entries.push_back(
                {stream,
                 ns,
                 absl::StrCat("request ", random() % 100000, " took ", random() % 900),
                 level(random() % 5 == 0 ? "error" : "info")});
        }
    }
    return e.write();
}

TEST(Statistics, TakeLittleOfASegmentOfManyStreams) {
    const std::size_t kStreams = 100'000;
    for (const std::size_t rows : {1U, 6U}) {
        const std::string bytes = segment_of(kStreams, rows);
        const auto segment = opened(bytes);
        EXPECT_EQ(segment->stream_count(), kStreams);
        EXPECT_LE(segment->root().statistics_bytes() * 50, bytes.size());
        std::uint64_t told = 0;
        const auto all = *segment->select_all();
        for (const auto& extents : all.extents_by_block()) {
            const auto statistics = all.statistics(extents);
            ASSERT_TRUE(statistics.ok()) << statistics.status();
            if (statistics->has_value()) {
                for (const ExtentCounts* extent : (*statistics)->extents) {
                    told += rows_of(*extent);
                }
            }
        }
        std::string text;
        EXPECT_TRUE(dump(*segment, {.verify = rows == 6}, text).ok()) << text;
        // Where the streams are all that there is to tell, it may be nothing.
        if (rows == 6) {
            EXPECT_GT(told, 0U);
        }
    }
}

TEST(Statistics, FewLargeStreamsHaveMinutes) {
    Entries e = streams_of(3);
    for (std::uint32_t stream = 0; stream < 3; ++stream) {
        for (int i = 0; i < 60'000; ++i) {
            e.entries.push_back({stream,
                                 kFirstMinute + i * (kMinute / 500),
                                 absl::StrCat("took ", i * 7919 % 1000, " ms"),
                                 level(i % 9 == 0 ? "warn" : "info")});
        }
    }
    const std::string bytes = e.write();
    const auto segment = opened(bytes);
    EXPECT_LE(segment->root().statistics_bytes() * 50, bytes.size());
    std::uint64_t rows = 0;
    for (std::uint32_t b = 0; b < segment->blocks().size(); ++b) {
        const auto statistics = *told_of(*segment, b);
        ASSERT_TRUE(statistics.has_value());
        for (const ExtentCounts& extent : statistics->extents) {
            EXPECT_LE(extent.width, kMinuteBuckets + 1);
            rows += rows_of(extent);
        }
    }
    EXPECT_EQ(rows, e.entries.size());
}

// A copied block keeps its statistics, also where they are damaged.
TEST(Statistics, AreCopiedWithBlocks) {
    Entries e = streams_of(2);
    for (std::uint32_t stream = 0; stream < 2; ++stream) {
        for (int i = 0; i < 500; ++i) {
            e.entries.push_back({stream,
                                 kFirstMinute + i * kMinute / 20,
                                 absl::StrCat("line ", i),
                                 level(i % 3 == 0 ? "warn" : "info")});
        }
    }
    std::string bytes = e.write();
    const std::vector<std::uint32_t> ordinals = {1, 3};
    for (const bool damaged : {false, true}) {
        if (damaged) {
            const Region page = opened(bytes)->root().statistics_pages.at(0);
            bytes[page.offset + page.length / 2] ^= 1;
        }
        const auto segment = opened(bytes);
        EXPECT_EQ(told_of(*segment, 0).ok(), !damaged);
        const auto all = *segment->select_all();
        SegmentWriter writer(streams_of(4).streams);
        ASSERT_TRUE(writer.add_block(*segment, all, all.extents(), ordinals).ok());
        const auto copy = opened(writer.finish());
        std::string text;
        EXPECT_TRUE(dump(*copy, {.verify = true}, text).ok()) << text;
        const auto statistics = *told_of(*copy, 0);
        ASSERT_TRUE(statistics.has_value());
        ASSERT_NE(statistics->find(3), nullptr);
        EXPECT_EQ(statistics->find(3)->counts.front().rows, 1U);
        EXPECT_EQ(rows_of(*statistics->find(1)), 500U);
    }
}

// Pages whose checksum is right, and whose bytes somebody made up.
TEST(Statistics, HostilePagesAreRefused) {
    std::mt19937 random(3);
    LevelNumbers levels;
    RowCounter counter(levels);
    std::vector<StreamExtent> extents;
    const MetadataView pairs[] = {{"detected_level", "info"}, {"trace", "x"}};
    for (std::uint32_t stream = 0; stream < 3; ++stream) {
        StreamExtent extent{
            0, stream, 40, {kFirstMinute}, {kFirstMinute + 39 * kMinute / 8}, 40, 80};
        for (int i = 0; i < 40; ++i) {
            counter.add(stream,
                        {kFirstMinute + i * kMinute / 8},
                        1,
                        {pairs, static_cast<std::size_t>(i % 3)},
                        2);
        }
        extents.push_back(extent);
    }
    const BlockStatistics block = counter.finish();
    const std::size_t level_count = levels.names().size();
    const std::string raw =
        encode_counts({&block.extents[0], &block.extents[1], &block.extents[2]});
    const auto good = decode_counts(raw, extents, level_count);
    ASSERT_TRUE(good.ok()) << good.status();
    EXPECT_EQ(*good, block.extents);
    for (std::size_t i = 0; i < raw.size(); ++i) {
        for (unsigned turn = 0; turn < 256; ++turn) {
            std::string changed = raw;
            changed[i] = static_cast<char>(turn);
            const auto decoded = decode_counts(changed, extents, level_count);
            if (!decoded.ok()) {
                EXPECT_EQ(decoded.status().code(), absl::StatusCode::kDataLoss);
                continue;
            }
            // What is told adds up all the same.
            for (const ExtentCounts& extent : *decoded) {
                EXPECT_TRUE(extent.width == kNoBuckets || rows_of(extent) == 40) << i;
            }
        }
        EXPECT_FALSE(decode_counts(raw.substr(0, i), extents, level_count).ok()) << i;
    }
    for (int turn = 0; turn < 3000; ++turn) {
        std::string changed = raw;
        for (std::size_t n = 1 + random() % 8; n > 0; --n) {
            changed[random() % changed.size()] = static_cast<char>(random());
        }
        (void)decode_counts(changed, extents, level_count);
    }
}

TEST(Statistics, HeadsComeBack) {
    StatisticsHead head;
    head.levels = {"info", ""};
    head.names = {std::nullopt, std::vector<std::string>{}, std::vector<std::string>{"a", "b"}};
    const std::string raw = encode_head(head);
    const auto good = decode_head(raw, 3);
    ASSERT_TRUE(good.ok()) << good.status();
    EXPECT_EQ((*good)->levels, head.levels);
    EXPECT_EQ((*good)->names, head.names);
    EXPECT_FALSE(decode_head(raw, 2).ok());
    EXPECT_FALSE(decode_head(raw, 4).ok());
    for (std::size_t i = 0; i < raw.size(); ++i) {
        EXPECT_FALSE(decode_head(raw.substr(0, i), 3).ok()) << i;
    }
}

}  // namespace
}  // namespace logi::segment
