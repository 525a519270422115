#include "segment/directory.h"

#include "absl/strings/str_cat.h"
#include "segment/counted_file.h"
#include "segment/inspect.h"
#include "segment/memory_file.h"
#include "segment/segment_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace logi::segment {
namespace {

constexpr std::int64_t kStart = 1'700'000'000LL * kNanosPerSecond;

// One line of each of many streams, which have six labels.
std::string segment_of(std::uint32_t streams) {
    std::vector<Labels> labels;
    std::mt19937 random(1);
    for (std::uint32_t i = 0; i < streams; ++i) {
        labels.push_back(
            Labels::from_pairs({{"cluster", absl::StrCat("eu-", i % 3)},
                                {"namespace", absl::StrCat("team-", i % 40)},
                                {"app", absl::StrCat("app-", i % 500)},
                                {"level", i % 7 == 0 ? "error" : "info"},
                                {"container", absl::StrCat("c", i % 500)},
                                {"pod", absl::StrCat("app-", i % 500, "-", absl::Hex(random()))}}));
    }
    std::sort(labels.begin(), labels.end());
    std::vector<std::string> lines(streams);
    SegmentWriter writer(labels);
    for (std::uint32_t i = 0; i < streams; ++i) {
        lines[i] = absl::StrCat("request ", i, " took ", random() % 900, " ms");
        block::Row row;
        row.stream = i;
        row.time = {kStart + static_cast<std::int64_t>(random() % 3600) * kNanosPerSecond};
        row.sequence = {1, i + 1, 0};
        row.line = lines[i];
        writer.add(row);
    }
    return writer.finish();
}

std::vector<Matcher> equal(const LabelPair& pair) {
    return {*Matcher::make(pair.name, MatchOp::kEqual, pair.value)};
}

StatusOr<Selection> select(const SegmentReader& segment, const std::vector<Matcher>& matchers) {
    return segment.select(matchers, Timestamp::min(), Timestamp::max());
}

TEST(Directory, OneOfManyStreamsIsFoundInFewReads) {
    const auto file = std::make_shared<CountedFile>(segment_of(100'000));
    const auto segment = SegmentReader::open(file, "test.segment");
    ASSERT_TRUE(segment.ok()) << segment.status();
    EXPECT_EQ(file->reads, 1U);
    EXPECT_EQ(file->bytes_read, kTailReadBytes);
    const auto all = (*segment)->select_all();
    ASSERT_TRUE(all.ok());
    const Labels wanted = all->labels(54'321);
    const StreamId id = all->id(54'321);
    EXPECT_EQ(id, wanted.id());

    const auto fresh = SegmentReader::open(file, "test.segment");
    file->forget();
    const auto found = select(**fresh, equal(*wanted.find("pod")));
    ASSERT_TRUE(found.ok()) << found.status();
    EXPECT_EQ(found->streams(), std::vector<std::uint32_t>{54'321});
    EXPECT_EQ(found->labels(54'321), wanted);
    EXPECT_EQ(found->id(54'321), id);
    EXPECT_EQ(file->reads, 2U);
    EXPECT_LE(file->bytes_read, 20'000U);
    RecordProperty("bytes_read", static_cast<int>(file->bytes_read));
    // What was read is kept.
    file->forget();
    ASSERT_TRUE(select(**fresh, equal(*wanted.find("pod"))).ok());
    EXPECT_EQ(file->reads, 0U);
    // Statistics of the stream are one more page, behind their head.
    ASSERT_TRUE(found->statistics(found->extents()).ok());
    EXPECT_LE(file->reads, 2U);

    // All of them are read in a few large pieces.
    const auto whole = SegmentReader::open(file, "test.segment");
    file->forget();
    ASSERT_TRUE((*whole)->select_all().ok());
    EXPECT_LE(file->reads, 3U);
}

TEST(Directory, ASmallOneIsReadWithTheEnd) {
    const auto file = std::make_shared<CountedFile>(segment_of(700));
    const auto segment = SegmentReader::open(file, "test.segment");
    ASSERT_TRUE(segment.ok()) << segment.status();
    EXPECT_GT((*segment)->root().stream_pages.size(), 1U);
    const auto all = (*segment)->select_all();
    ASSERT_TRUE(all.ok());
    const auto pod = *all->labels(77).find("pod");
    ASSERT_TRUE(select(**segment, equal(pod)).ok());
    ASSERT_TRUE(all->statistics(all->extents_by_block()[0]).ok());
    EXPECT_EQ(file->reads, 1U);
}

TEST(Directory, SelectionsAgreeWithTheLabels) {
    const auto segment = *open_in_memory(segment_of(5000), "test.segment");
    ASSERT_GT(segment->root().postings_pages.size(), 2U);
    const auto all = *segment->select_all();
    EXPECT_EQ(all.streams().size(), 5000U);
    std::mt19937 random(3);
    const char* const names[] = {"app", "pod", "level", "cluster", "none"};
    const char* const patterns[] = {"app-1.*", "", ".*", ".+", "e.*", "eu-(0|2)", "app-7|app-77"};
    for (int turn = 0; turn < 100; ++turn) {
        std::vector<Matcher> matchers;
        for (std::size_t n = random() % 4; n > 0; --n) {
            const std::string name = names[random() % std::size(names)];
            const auto op = static_cast<MatchOp>(random() % 4);
            std::string value = patterns[random() % std::size(patterns)];
            if (op == MatchOp::kEqual || op == MatchOp::kNotEqual) {
                value = all.labels(static_cast<std::uint32_t>(random() % 5000)).get(name);
            }
            matchers.push_back(*Matcher::make(name, op, value));
        }
        std::vector<std::uint32_t> expected = all.streams();
        std::erase_if(expected, [&](std::uint32_t stream) {
            return !matches_all(matchers, all.labels(stream));
        });
        const auto found = select(*segment, matchers);
        ASSERT_TRUE(found.ok());
        ASSERT_EQ(found->streams(), expected) << turn;
        ASSERT_EQ(all.matching(matchers), expected) << turn;
    }
}

TEST(Directory, OnlyExtentsOfTheTimeAreFound) {
    const auto segment = *open_in_memory(segment_of(3000), "test.segment");
    const auto all = *segment->select_all();
    const Timestamp first{kStart + 100 * kNanosPerSecond};
    const Timestamp last{kStart + 160 * kNanosPerSecond};
    const auto found = segment->select({}, first, last);
    ASSERT_TRUE(found.ok());
    const auto count =
        std::count_if(all.extents().begin(), all.extents().end(), [&](const auto& e) {
            return e.min_time <= last && first <= e.max_time;
        });
    EXPECT_GT(count, 0);
    EXPECT_EQ(found->extents().size(), static_cast<std::size_t>(count));
    EXPECT_TRUE(segment->select({}, Timestamp::min(), {kStart - 1})->extents().empty());
}

// A damaged page is told by its segment's name and place when it is needed; the others serve.
TEST(Directory, DamageOfAPageIsReported) {
    const std::string bytes = segment_of(5000);
    const auto good = *open_in_memory(bytes, "test.segment");
    const Root& root = good->root();
    const auto all = *good->select_all();
    const auto damaged = [&](const Region& region) {
        std::string changed = bytes;
        changed[region.offset + region.length / 2] ^= 1;
        return *open_in_memory(changed, "test.segment");
    };
    const auto names_place = [](const Region& region) {
        return testing::HasSubstr(absl::StrCat("test.segment: offset ", region.offset, ": "));
    };
    const std::vector<Matcher> matchers = equal(*all.labels(4999).find("pod"));

    const Region streams = root.stream_pages.front().region;
    auto segment = damaged(streams);
    auto found = segment->select_all();
    EXPECT_TRUE(absl::IsDataLoss(found.status()));
    EXPECT_THAT(std::string(found.status().message()), names_place(streams));
    ASSERT_TRUE(select(*segment, matchers).ok());

    // Without postings all streams are looked at.
    for (const PostingsPagePlace& page : root.postings_pages) {
        segment = damaged(page.region);
        found = select(*segment, matchers);
        ASSERT_TRUE(found.ok()) << found.status();
        EXPECT_EQ(found->streams(), std::vector<std::uint32_t>{4999});
        std::string text;
        const Status status = dump(*segment, {}, text);
        EXPECT_THAT(std::string(status.message()), names_place(page.region));
        EXPECT_THAT(text, testing::HasSubstr("DAMAGED"));
    }
    for (const Region& page : {root.statistics_head, root.statistics_pages.back()}) {
        segment = damaged(page);
        found = select(*segment, matchers);
        ASSERT_TRUE(found.ok()) << found.status();
        const auto told = found->statistics(found->extents());
        EXPECT_TRUE(absl::IsDataLoss(told.status()));
        EXPECT_THAT(std::string(told.status().message()), names_place(page));
    }
}

TEST(PageCache, KeepsWhatWasUsedLastWithinItsBound) {
    struct Sized final : Page {
        [[nodiscard]] std::size_t memory_bytes() const override { return 100; }
    };
    PageCache cache(250);
    const std::uint64_t owner = cache.new_owner();
    EXPECT_NE(owner, cache.new_owner());
    const auto page = std::make_shared<const Sized>();
    cache.put({owner, 0}, page);
    cache.put({owner, 1}, page);
    EXPECT_EQ(cache.find({owner + 1, 0}), nullptr);
    EXPECT_NE(cache.find({owner, 0}), nullptr);
    cache.put({owner, 2}, page);
    EXPECT_EQ(cache.bytes(), 200U);
    EXPECT_EQ(cache.find({owner, 1}), nullptr);
    EXPECT_NE(cache.find({owner, 0}), nullptr);
    EXPECT_NE(cache.find({owner, 2}), nullptr);
}

TEST(Directory, WhatReadersOfABlockKeepIsReadOnce) {
    const auto file = std::make_shared<CountedFile>(segment_of(3000));
    const auto segment = *SegmentReader::open(file, "test.segment");
    std::vector<std::string> lines;
    for (const bool again : {false, true}) {
        file->forget();
        const auto block = *segment->open_block(0);
        ASSERT_NE(*block->templates(), nullptr);
        ASSERT_TRUE(block->metadata_names().ok());
        EXPECT_EQ(file->reads == 0, again);
        for (std::uint32_t row = 0; row < block->stats().rows; ++row) {
            if (again) {
                ASSERT_EQ(*block->line(row), lines[row]);
            } else {
                lines.emplace_back(*block->line(row));
            }
        }
    }
}

// Pages whose checksum is right, and whose bytes somebody made up.
TEST(Directory, HostilePagesAreRefusedOrRead) {
    const std::vector<Labels> labels = {Labels::from_pairs({{"app", "a"}, {"pod", "1"}}),
                                        Labels::from_pairs({{"app", "a"}, {"pod", "2"}}),
                                        Labels::from_pairs({{"app", "b"}})};
    std::vector<StreamExtent> extents;
    for (std::uint32_t i = 0; i < 5; ++i) {
        extents.push_back({i % 2, i / 2, 3, {kStart + i}, {kStart + 100}, 10, 5});
    }
    const std::string streams = encode_streams(labels, extents, 7);
    const std::string postings = encode_postings(postings_of(labels));
    Root root;
    root.blocks.resize(2);
    root.forms.resize(2);
    root.regions.resize(2);
    root.stream_pages.push_back({{kHeaderBytes, 40, 1}, 0, 3, {kStart}, {kStart + 100}});
    root.postings_pages.push_back({{kHeaderBytes + 40, 30, 2}, {"app", "a"}});
    const std::string raw_root = encode_root(root);
    const auto read = [&](int which, const std::string& raw) -> Status {
        switch (which) {
            case 0: {
                const auto page = decode_streams(base::Buffer::copy_of(raw), 7, 3, 2);
                if (page.ok()) {
                    (void)(*page)->labels(9);
                    (void)(*page)->matching(equal({"app", "a"}));
                    for (const StreamExtent& e : (*page)->extents) {
                        EXPECT_TRUE((*page)->has(e.stream));
                        EXPECT_LT(e.block, 2U);
                    }
                }
                return page.status();
            }
            case 1: {
                const auto page = decode_postings(base::Buffer::copy_of(raw), 3);
                std::vector<bool> marked(3);
                if (page.ok()) {
                    (*page)->mark(equal({"app", "a"})[0], marked);
                    (*page)->mark(*Matcher::make("pod", MatchOp::kRegex, ".+"), marked);
                }
                return page.status();
            }
            default:
                return decode_root(raw, kHeaderBytes + 70).status();
        }
    };
    std::mt19937 random(5);
    int which = 0;
    for (const std::string& raw : {streams, postings, raw_root}) {
        EXPECT_TRUE(read(which, raw).ok()) << which;
        for (std::size_t i = 0; i < raw.size(); ++i) {
            EXPECT_TRUE(absl::IsDataLoss(read(which, raw.substr(0, i)))) << which << " " << i;
        }
        for (int turn = 0; turn < 20'000; ++turn) {
            std::string changed = raw;
            for (std::size_t n = 1 + random() % 6; n > 0; --n) {
                changed[random() % changed.size()] = static_cast<char>(random());
            }
            (void)read(which, changed);
        }
        ++which;
    }
}

}  // namespace
}  // namespace logi::segment
