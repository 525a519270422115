#include "query/stream_cuts.h"

#include "absl/strings/str_cat.h"
#include "query/test_sources.h"

#include <gtest/gtest.h>

#include <random>

namespace logi::query {
namespace {

// What of the blocks has streams on both sides.
double open_at(const std::vector<CutBlock>& blocks, std::uint32_t stream) {
    double bytes = 0;
    for (const CutBlock& block : blocks) {
        bytes += block.first_stream < stream && stream <= block.last_stream ? block.bytes : 0;
    }
    return bytes;
}

std::vector<std::uint32_t> streams_of(const std::vector<StreamCut>& cuts) {
    std::vector<std::uint32_t> streams;
    for (const StreamCut& cut : cuts) {
        streams.push_back(cut.stream);
    }
    return streams;
}

TEST(StreamCuts, AreBetweenBlocksWhereTheyCanBe) {
    std::vector<CutBlock> blocks;
    for (std::uint32_t i = 0; i < 16; ++i) {
        blocks.push_back({3 * i, 3 * i + 2, 100});
    }
    const auto four = cuts_of(blocks, 4);
    EXPECT_EQ(four, (std::vector<StreamCut>{{12, 0}, {24, 0}, {36, 0}}));
    EXPECT_EQ(streams_of(cuts_of(blocks, 2)), (std::vector<std::uint32_t>{24}));
    EXPECT_TRUE(cuts_of(blocks, 1).empty());
    EXPECT_TRUE(cuts_of({}, 4).empty());
    EXPECT_TRUE(cuts_of({{0, 0, 100}, {0, 0, 100}}, 2).empty());
}

TEST(StreamCuts, LieWhereAStreamBeginsThatBeginsWithItsBlock) {
    // Streams go on in the next block, but for the one of number 7.
    std::vector<CutBlock> blocks;
    for (std::uint32_t i = 0; i < 16; ++i) {
        blocks.push_back({i, i == 6 ? i : i + 1, 100});
    }
    const auto cuts = cuts_of(blocks, 2);
    ASSERT_EQ(cuts.size(), 1U);
    EXPECT_EQ(cuts[0], (StreamCut{7, 0}));
}

TEST(StreamCuts, OfSlicesThatLieBesideEachOtherSeveralBlocksAreOpen) {
    std::vector<CutBlock> blocks;
    for (std::uint32_t slice = 0; slice < 3; ++slice) {
        for (std::uint32_t i = 0; i < 8; ++i) {
            blocks.push_back({10 * i + slice, 10 * i + slice + 10, 100});
        }
    }
    const auto cuts = cuts_of(blocks, 2);
    ASSERT_EQ(cuts.size(), 1U);
    EXPECT_EQ(cuts[0].open_bytes, open_at(blocks, cuts[0].stream));
    EXPECT_GE(cuts[0].open_bytes, 200);
}

TEST(StreamCuts, AtRandom) {
    std::mt19937_64 random(1);
    for (int round = 0; round < 500; ++round) {
        std::vector<CutBlock> blocks;
        std::uint32_t last = 0;
        for (std::size_t i = 1 + random() % 60; i > 0; --i) {
            const auto first = static_cast<std::uint32_t>(random() % 40);
            const auto end = first + static_cast<std::uint32_t>(random() % 3 * (random() % 20));
            blocks.push_back({first, end, static_cast<double>(1 + random() % 100)});
            last = std::max(last, end);
        }
        const std::size_t ranges = 1 + random() % 20;
        const auto cuts = cuts_of(blocks, ranges);
        EXPECT_LT(cuts.size(), ranges);
        std::uint32_t before = 0;
        for (const StreamCut& cut : cuts) {
            EXPECT_GT(cut.stream, before);
            EXPECT_LE(cut.stream, last);
            EXPECT_DOUBLE_EQ(cut.open_bytes, open_at(blocks, cut.stream));
            before = cut.stream;
        }
        std::shuffle(blocks.begin(), blocks.end(), random);
        EXPECT_EQ(streams_of(cuts_of(blocks, ranges)), streams_of(cuts));
    }
}

// Streams {app="a", n="000"}, …, of which each has so many rows.
std::vector<TestEntry> entries_of(int streams, int rows) {
    std::vector<TestEntry> entries;
    for (int s = 0; s < streams; ++s) {
        const Labels labels = Labels::from_pairs(
            {{"app", s % 2 == 0 ? "a" : "b"}, {"n", absl::StrCat(s < 10 ? "00" : "0", s)}});
        for (int i = 0; i < rows; ++i) {
            entries.push_back({labels, i, absl::StrCat("line ", s, " ", i * 7919), {}});
        }
    }
    return entries;
}

struct RangesTest : testing::Test {
    const TestSegment segment{entries_of(64, 10), 10};
    Uncut uncut{segment.source(), 6400, {6400, 6400, 6400}, 800, 1};

    [[nodiscard]] std::vector<StreamRange> ranges(const std::vector<Matcher>& matchers = {},
                                                  std::int64_t first = 0,
                                                  std::int64_t last = 9) const {
        return ranges_of(uncut, matchers, {first}, {last});
    }
    static std::vector<Matcher> match(MatchOp op, const std::string& value) {
        return {*Matcher::make("n", op, value)};
    }
};

void expect_meet(const std::vector<StreamRange>& ranges) {
    ASSERT_FALSE(ranges.empty());
    EXPECT_TRUE(ranges.front().from.empty());
    EXPECT_FALSE(ranges.back().to.has_value());
    for (std::size_t i = 1; i < ranges.size(); ++i) {
        EXPECT_EQ(ranges[i].from, *ranges[i - 1].to);
        EXPECT_LT(ranges[i - 1].from, ranges[i].from);
    }
}

TEST_F(RangesTest, AreAsManyAsThereArePieces) {
    const auto all = ranges();
    EXPECT_EQ(all.size(), 32U);
    expect_meet(all);
    EXPECT_EQ(all, ranges());
    // One piece more or less does not move them, twice as many are halves.
    uncut.piece_bytes = 600;
    EXPECT_EQ(all, ranges());
    uncut.piece_bytes = 1600;
    const auto half = ranges();
    EXPECT_EQ(half.size(), 16U);
    for (const StreamRange& range : half) {
        EXPECT_TRUE(std::any_of(
            all.begin(), all.end(), [&](const StreamRange& r) { return r.from == range.from; }));
    }
}

TEST_F(RangesTest, AreFewWhereMuchWouldBeReadTwice) {
    uncut.open_share = 16;  // of 256 blocks 16: three for each cut
    EXPECT_EQ(ranges().size(), 4U);
    uncut.others_bytes.assign(300, 50);  // each of which is less than a block
    EXPECT_EQ(ranges().size(), 1U);
    uncut.others_bytes.clear();
    EXPECT_EQ(ranges().size(), 8U);
}

TEST_F(RangesTest, LittleIsOne) {
    EXPECT_EQ(ranges(match(MatchOp::kEqual, "007")).size(), 1U);
    EXPECT_EQ(ranges(match(MatchOp::kEqual, "none")).size(), 1U);
    EXPECT_EQ(ranges({}, 100, 200).size(), 1U);
    uncut.piece_bytes = 13000;
    EXPECT_EQ(ranges().size(), 1U);
    uncut.piece_bytes = 1;
    uncut.largest_bytes = 0;
    EXPECT_EQ(ranges().size(), 1U);
}

TEST_F(RangesTest, WithLittleSelectedNeighboursAreOne) {
    const auto all = ranges();
    // Half of the streams, and all of a part of them: the same places, or none.
    for (const auto& matchers : {match(MatchOp::kRegex, "0[0-2].*"),
                                 match(MatchOp::kRegex, ".*[02468]"),
                                 match(MatchOp::kRegex, ".*0")}) {
        const auto some = ranges(matchers);
        expect_meet(some);
        EXPECT_LT(some.size(), all.size());
        EXPECT_GT(some.size(), 1U);
        for (const StreamRange& range : some) {
            EXPECT_TRUE(std::any_of(all.begin(), all.end(), [&](const StreamRange& r) {
                return r.from == range.from;
            }));
        }
    }
}

TEST_F(RangesTest, OfWhatCannotBeReadThereIsOne) {
    class Damaged final : public segment::Source {
      public:
        [[nodiscard]] StatusOr<segment::Selection> select(const std::vector<Matcher>& /*matchers*/,
                                                          Timestamp /*first*/,
                                                          Timestamp /*last*/) const override {
            return absl::DataLossError("damaged");
        }
    };
    uncut.largest = std::make_shared<const Damaged>();
    EXPECT_EQ(ranges().size(), 1U);
}

TEST(StreamRange, LeavesItsStreamsOfASource) {
    const auto source = TestSegment(entries_of(20, 1)).source();
    std::vector<Labels> all;
    const auto whole = source->select_all();
    for (const std::uint32_t stream : whole->streams()) {
        all.push_back(whole->labels(stream));
    }
    // Labels that streams have, and others between them.
    std::vector<Labels> places = all;
    places.push_back(*Labels::parse("{app=\"a\"}"));
    places.push_back(*Labels::parse("{app=\"a\", n=\"001\", z=\"1\"}"));
    places.push_back(*Labels::parse("{app=\"aa\"}"));
    places.push_back(*Labels::parse("{zone=\"1\"}"));
    places.emplace_back();
    for (const Labels& from : places) {
        for (const Labels& to : places) {
            for (const bool ends : {true, false}) {
                const StreamRange range{from, ends ? std::optional(to) : std::nullopt};
                std::vector<Labels> expected;
                for (const Labels& labels : all) {
                    if (from <= labels && (!ends || labels < to)) {
                        expected.push_back(labels);
                    }
                }
                std::vector<Labels> got;
                const auto selection = of_streams(source, range)->select_all();
                for (const std::uint32_t stream : selection->streams()) {
                    got.push_back(selection->labels(stream));
                }
                EXPECT_EQ(got, expected) << range.to_string();
            }
        }
    }
}

}  // namespace
}  // namespace logi::query
