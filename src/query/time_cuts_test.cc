#include "query/time_cuts.h"

#include <gtest/gtest.h>

#include <random>

namespace logi::query {
namespace {

constexpr std::int64_t kMinute = 60 * kNanosPerSecond;
constexpr std::int64_t kPiecesStart =
    1'700'000'000LL * kNanosPerSecond / (64 * kMinute) * 64 * kMinute;

Timestamp at(std::int64_t minutes) {
    return {kPiecesStart + minutes * kMinute};
}

// Segments of a minute each, one after the other.
std::vector<Occupied> row(std::int64_t minutes, std::uint64_t bytes) {
    std::vector<Occupied> out;
    for (std::int64_t i = 0; i < minutes; ++i) {
        out.push_back({at(i), at(i + 1) - Duration{1}, bytes});
    }
    return out;
}

SplitOptions options_of(std::uint64_t piece_bytes) {
    SplitOptions options;
    options.piece_bytes = piece_bytes;
    options.split_bytes_min = 2 * piece_bytes;
    return options;
}

// What the pieces of others read more than once.
std::uint64_t read_again(const std::vector<Occupied>& occupied,
                         const std::vector<PieceTime>& pieces) {
    std::uint64_t bytes = 0;
    for (const Occupied& o : occupied) {
        std::uint64_t readers = 0;
        for (const PieceTime& piece : pieces) {
            readers += o.first <= piece.last && o.last >= piece.first ? 1U : 0U;
        }
        bytes += o.bytes * (readers - std::min<std::uint64_t>(readers, 1));
    }
    return bytes;
}

void expect_whole(const std::vector<PieceTime>& pieces, Timestamp first, Timestamp last) {
    ASSERT_FALSE(pieces.empty());
    EXPECT_EQ(pieces.front().first, first);
    EXPECT_EQ(pieces.back().last, last);
    for (std::size_t i = 1; i < pieces.size(); ++i) {
        EXPECT_EQ(pieces[i].first, pieces[i - 1].last + Duration{1});
        EXPECT_LE(pieces[i].first, pieces[i].last);
        EXPECT_FALSE(pieces[i].here && pieces[i - 1].here);
    }
}

TEST(TimeCuts, LittleIsNotSplit) {
    const auto pieces = cut_into_pieces(row(10, 10), at(0), at(10), options_of(100));
    ASSERT_EQ(pieces.size(), 1U);
    EXPECT_TRUE(pieces[0].here);
    EXPECT_EQ(cut_into_pieces({}, at(0), at(10), options_of(100)).size(), 1U);
}

TEST(TimeCuts, HaveAboutTheBytesThatTheyShould) {
    const auto occupied = row(64, 50);
    const auto pieces = cut_into_pieces(occupied, at(0), at(64), options_of(200));
    expect_whole(pieces, at(0), at(64));
    EXPECT_EQ(pieces.size(), 16U);
    EXPECT_EQ(read_again(occupied, pieces), 0U);
    SplitOptions few = options_of(200);
    few.pieces_max = 4;
    EXPECT_EQ(cut_into_pieces(occupied, at(0), at(64), few).size(), 4U);
}

TEST(TimeCuts, StayWhereTheyAreWhenTheQueryMoves) {
    const auto occupied = row(64, 50);
    const auto before = cut_into_pieces(occupied, at(0), at(60), options_of(200));
    const auto after = cut_into_pieces(occupied, at(3), at(63), options_of(200));
    // All but the first and the last of them.
    for (std::size_t i = 1; i + 1 < after.size(); ++i) {
        EXPECT_TRUE(std::any_of(before.begin(), before.end(), [&](const PieceTime& piece) {
            return piece.first == after[i].first;
        }));
    }
}

TEST(TimeCuts, MeetWhereLittleIsOpen) {
    auto occupied = row(64, 50);
    // Open all the time, but small; and large, in a part of it.
    occupied.push_back({at(0), at(64), 5});
    occupied.push_back({at(20) + Duration{5}, at(30), 1000});
    const auto pieces = cut_into_pieces(occupied, at(0), at(64), options_of(200));
    expect_whole(pieces, at(0), at(64));
    EXPECT_GT(pieces.size(), 10U);
    for (const PieceTime& piece : pieces) {
        EXPECT_FALSE(piece.first > at(20) + Duration{5} && piece.first <= at(30));
    }
}

TEST(TimeCuts, WhereMuchIsOpenTheyAreLarger) {
    // Four writers: at any time four segments are open, which of a small piece would be much.
    std::vector<Occupied> occupied;
    for (std::int64_t i = 0; i < 4096; ++i) {
        occupied.push_back({at(i) + Duration{1}, at(i + 4), 100});
    }
    const auto pieces = cut_into_pieces(occupied, at(0), at(4100), options_of(400));
    expect_whole(pieces, at(0), at(4100));
    EXPECT_GT(pieces.size(), 10U);
    EXPECT_LT(pieces.size(), 40U);
    EXPECT_LE(read_again(occupied, pieces), 4096 * 100 / 32);
    for (const PieceTime& piece : pieces) {
        EXPECT_FALSE(piece.here);
    }
}

TEST(TimeCuts, WhatIsOpenAllTheTimeIsOnePiece) {
    std::vector<Occupied> occupied;
    for (std::int64_t i = 0; i < 20; ++i) {
        occupied.push_back({at(i), at(i + 30), 500});
    }
    const auto pieces = cut_into_pieces(occupied, at(0), at(64), options_of(200));
    ASSERT_EQ(pieces.size(), 1U);
    EXPECT_FALSE(pieces[0].here);
}

TEST(TimeCuts, EntriesInJournalsAreCutOff) {
    std::vector<Occupied> occupied;
    for (std::int64_t i = 0; i < 64; ++i) {
        occupied.push_back({at(i), at(i + 2), 500});
    }
    occupied.push_back({at(50), at(64), 0, true});
    occupied.push_back({at(60), at(70), 0, true});
    auto pieces = cut_into_pieces(occupied, at(0), at(80), options_of(200));
    expect_whole(pieces, at(0), at(80));
    ASSERT_EQ(pieces.size(), 2U);
    EXPECT_FALSE(pieces[0].here);
    EXPECT_EQ(pieces[1].first, at(50));
    EXPECT_TRUE(pieces[1].here);
    // Not where that would read much twice.
    occupied.push_back({at(0), at(64), 2000});
    pieces = cut_into_pieces(occupied, at(0), at(80), options_of(200));
    ASSERT_EQ(pieces.size(), 1U);
    EXPECT_TRUE(pieces[0].here);
}

TEST(TimeCuts, WhatOnlyThisProcessHasIsReadHere) {
    auto occupied = row(64, 50);
    occupied.push_back({at(60) + Duration{7}, at(64), 0, true});
    occupied.push_back({at(62), at(63), 0, true});
    const auto pieces = cut_into_pieces(occupied, at(0), at(64), options_of(200));
    expect_whole(pieces, at(0), at(64));
    EXPECT_TRUE(pieces.back().here);
    // What ends in the piece before the head's is not cut.
    EXPECT_EQ(pieces.back().first, at(60));
    for (std::size_t i = 0; i + 1 < pieces.size(); ++i) {
        EXPECT_FALSE(pieces[i].here);
    }
}

TEST(TimeCuts, AtRandom) {
    std::mt19937_64 random(1);
    for (int round = 0; round < 300; ++round) {
        std::vector<Occupied> occupied;
        std::uint64_t bytes = 0;
        for (std::size_t i = random() % 60; i > 0; --i) {
            const Timestamp first{kPiecesStart +
                                  static_cast<std::int64_t>(random() % (99 * kMinute))};
            const std::uint64_t long_ns = random() % 3 == 0 ? 30 * kMinute : kMinute;
            occupied.push_back({first,
                                first + Duration{static_cast<std::int64_t>(random() % long_ns)},
                                random() % 3 == 0 ? 0 : random() % 1000,
                                random() % 10 == 0});
            bytes += occupied.back().here ? 0 : occupied.back().bytes;
        }
        const SplitOptions options = options_of(1 + random() % 2000);
        const auto pieces = cut_into_pieces(occupied, at(5), at(90), options);
        expect_whole(pieces, at(5), at(90));
        // Beside what is read here it may be more, once before it and once behind, and in what
        // could not be cut into pieces of that size.
        const std::uint64_t piece_bytes = std::max(options.piece_bytes, bytes / options.pieces_max);
        EXPECT_LE(read_again(occupied, pieces),
                  (pieces.size() - 1) * (std::max(piece_bytes, bytes / 4) / 32) + 2 * (bytes / 32));
        for (const Occupied& o : occupied) {
            for (const PieceTime& piece : pieces) {
                const bool touches = o.first <= piece.last && o.last >= piece.first;
                EXPECT_FALSE(o.here && touches && !piece.here);
            }
        }
    }
}

}  // namespace
}  // namespace logi::query
