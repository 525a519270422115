#include "query/piece_call.h"

#include "absl/strings/str_cat.h"
#include "base/crc32c.h"
#include "io/sim_executor.h"
#include "query/run_simulated.h"
#include "query/serve.h"
#include "query/sub_plan.h"
#include "query/test_sources.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

namespace logi::query {
namespace {

constexpr std::int64_t kPieceMinute = 60 * kNanosPerSecond;
constexpr int kPieceSegments = 8;

// Two readers that answer everything in the same way, after a second.
class Alike final : public Readers {
  public:
    using Answer = std::function<StatusOr<std::string>(const std::string& sub_plan)>;
    Alike(io::Executor& executor, Answer answer)
        : executor_(executor), answer_(std::move(answer)) {}
    [[nodiscard]] std::vector<std::string> for_key(std::string_view /*key*/) const override {
        return {"a", "b", ""};
    }
    void ask(const std::string& /*reader*/,
             std::string sub_plan,
             Duration /*timeout*/,
             io::CancelToken /*cancel*/,
             std::function<void(StatusOr<std::string>)> done) override {
        ++asked;
        at_once_max = std::max(at_once_max, ++at_once);
        executor_.post_after(Duration::seconds(1),
                             [this, sub_plan = std::move(sub_plan), done = std::move(done)] {
                                 --at_once;
                                 done(answer_(sub_plan));
                             });
    }
    std::size_t asked = 0;
    std::size_t at_once = 0;
    std::size_t at_once_max = 0;

  private:
    io::Executor& executor_;
    const Answer answer_;
};

// A minute per segment, each of which is a piece.
std::shared_ptr<Spread> spread_of_minutes(std::size_t line_bytes = 10) {
    auto spread = std::make_shared<Spread>();
    spread->options.piece_bytes = 100;
    spread->options.split_bytes_min = 1;
    StoredPart part;
    part.tenant = "t";
    exec::Sources opened;
    for (int s = 0; s < kPieceSegments; ++s) {
        const std::int64_t begin = s * kPieceMinute;
        std::vector<TestEntry> entries;
        for (int i = 0; i < 10; ++i) {
            std::string line = absl::StrCat("line ", s, " ", i);
            line.resize(line_bytes, '.');
            entries.push_back({Labels::from_pairs({{"app", "a"}}),
                               begin + i * kNanosPerSecond,
                               std::move(line),
                               {}});
        }
        part.segments.push_back(
            {absl::StrCat("segments/", s), {begin}, {begin + 9 * kNanosPerSecond}, 100});
        opened.push_back(TestSegment(std::move(entries)).source());
    }
    spread->stored.push_back(std::move(part));
    spread->opened.push_back(std::move(opened));
    return spread;
}

std::size_t pieces_in(const Spread& spread) {
    io::SimClock clock({0});
    io::SimExecutor executor(1, clock);
    std::size_t pieces = 0;
    find_pieces(executor,
                spread,
                {{}, {0}, Timestamp{kPieceSegments * kPieceMinute} - Duration{1}},
                {},
                [&pieces](const auto& found) { pieces = found->size(); });
    executor.run_until_idle();
    return pieces;
}

struct Asked {
    Prepared query;
    Limits limits;
    std::shared_ptr<Spread> spread = spread_of_minutes();
    std::uint64_t seed = 1;
    std::size_t asked = 0;
    std::size_t at_once_max = 0;

    explicit Asked(const std::string& text) {
        Request request;
        request.query = text;
        request.start = {0};
        request.end = {kPieceSegments * kPieceMinute};
        request.step = Duration::minutes(1);
        request.limit = 1000;
        request.forward = true;
        query = *prepare(request);
    }

    StatusOr<Result> run(Alike::Answer answer) {
        io::SimClock clock(query.request.end);
        const auto executor = std::make_shared<io::SimExecutor>(seed, clock);
        const auto readers = std::make_shared<Alike>(*executor, std::move(answer));
        spread->readers = readers;
        std::optional<StatusOr<Result>> result;
        run_spread(executor, spread, query, limits, {}, [&](auto r) { result = std::move(r); });
        while (executor->run_one()) {
        }
        asked = readers->asked;
        at_once_max = readers->at_once_max;
        return result.value_or(absl::InternalError("there is no answer"));
    }
};

const std::string kPieceLines = "{app=\"a\"}";
const std::string kPieceCounts = "sum(count_over_time({app=\"a\"}[1m]))";

void expect_all(const StatusOr<Result>& result) {
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_TRUE(result->missing.empty());
    if (result->type == Result::Type::kStreams) {
        EXPECT_EQ(result->rows.size(), kPieceSegments * 10U);
        return;
    }
    double sum = 0;
    for (const Point& point : result->series.at(0).points) {
        sum += point.value;
    }
    EXPECT_EQ(sum, kPieceSegments * 10);
}

// What the segments of spread_of_minutes() have of a sub-plan.
StatusOr<std::string> served(const Spread& spread, const std::string& sub_plan) {
    const auto plan = decode_sub_plan(sub_plan);
    LOGI_RETURN_IF_ERROR(plan.status());
    exec::Sources sources;
    for (std::size_t i = 0; i < spread.opened[0].size(); ++i) {
        for (const StoredSegment& segment : plan->parts[0].segments) {
            if (segment.key == spread.stored[0].segments[i].key) {
                sources.push_back(spread.opened[0][i]);
            }
        }
    }
    io::SimClock clock(plan->now);
    const auto executor = std::make_shared<io::SimExecutor>(1, clock);
    std::string out;
    serve(executor, *plan, sources, 1 << 30, {}, [&](std::string answer) {
        out = std::move(answer);
    });
    executor->run_until_idle();
    return out;
}

TEST(PieceCalls, WhatIsTooMuchForAnAnswerNobodyElseIsAskedFor) {
    Asked query(kPieceLines);
    expect_all(query.run([](const auto& /*sub_plan*/) {
        return encode_error(absl::OutOfRangeError("a part of an answer is too large"));
    }));
    const std::size_t pieces = pieces_in(*query.spread);
    ASSERT_GT(pieces, 2U);
    EXPECT_EQ(query.asked, pieces);
}

// An older reader, or a newer one, is asked for each piece, as it may know the next one.
TEST(PieceCalls, WhoseVersionIsAnotherIsNotNeeded) {
    for (const std::string& text : {kPieceLines, kPieceCounts}) {
        Asked query(text);
        expect_all(query.run([](const auto& /*sub_plan*/) {
            return absl::UnimplementedError("this process knows no 'sub_plan' version 1 but 2");
        }));
        const std::size_t asked = query.asked;
        EXPECT_GE(asked, 2 * pieces_in(*query.spread));
        // It answers all the same, in its own way.
        expect_all(query.run([&](const std::string& sub_plan) -> StatusOr<std::string> {
            LOGI_ASSIGN_OR_RETURN(std::string answer, served(*query.spread, sub_plan));
            answer[8] = static_cast<char>(kRangedPlanVersion + 1);
            answer.resize(answer.size() - 4);
            base::ByteWriter(answer).u32(base::crc32c(answer));
            return answer;
        }));
        EXPECT_GE(query.asked, pieces_in(*query.spread));
    }
}

TEST(PieceCalls, OthersAreAskedForAllKindsOfSums) {
    for (const std::string grouping :
         {"", "by () ", "by (app) ", "without () ", "without (app) "}) {
        Asked query("sum " + grouping + "(count_over_time({app=\"a\"}[1m]))");
        expect_all(query.run(
            [&](const std::string& sub_plan) { return served(*query.spread, sub_plan); }));
        EXPECT_EQ(query.asked, pieces_in(*query.spread)) << grouping;
    }
}

TEST(PieceCalls, AreAsManyAtOnceAsThereIsRoomForAnswers) {
    for (const std::string& text : {kPieceLines, kPieceCounts}) {
        Asked query(text);
        const auto answer = [&](const std::string& sub_plan) {
            return served(*query.spread, sub_plan);
        };
        expect_all(query.run(answer));
        EXPECT_GT(query.at_once_max, 2U);
        query.limits.max_query_memory_bytes = 2 * kSubAnswerBytesMax + (1 << 20);
        expect_all(query.run(answer));
        EXPECT_EQ(query.at_once_max, 2U);
        query.limits.max_query_memory_bytes = 1 << 20;
        expect_all(query.run(answer));
        EXPECT_EQ(query.at_once_max, 1U);
    }
}

TEST(PieceCalls, WhatAnAnswerHasNoRoomForIsReadHere) {
    for (const std::string& text : {kPieceLines, kPieceCounts}) {
        Asked query(text);
        query.limits.max_query_memory_bytes = 1 << 20;
        expect_all(query.run([](const auto& /*sub_plan*/) { return std::string(2 << 20, 'x'); }));
        // It has done nothing wrong.
        EXPECT_GE(query.asked, pieces_in(*query.spread) - 1);
    }
}

TEST(PieceCalls, PiecesThatHaveNoRoomBesideEachOtherFollowEachOther) {
    // Two pieces of lines fit, or one and what is found out to make one, but not three.
    constexpr std::int64_t kTwoPieces = 30'000;
    const auto nobody = [](const auto& /*sub_plan*/) {
        return absl::UnavailableError("nobody is there");
    };
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        Asked query(kPieceLines);
        query.seed = seed;
        query.spread = spread_of_minutes(1000);
        query.query.request.limit = 15;
        query.limits.max_query_memory_bytes = kTwoPieces;
        const auto result = query.run(nobody);
        ASSERT_TRUE(result.ok()) << result.status();
        ASSERT_EQ(result->rows.size(), 15U);
        EXPECT_EQ(result->rows[14].line.substr(0, 8), "line 1 4");
        query.limits.max_query_memory_bytes = kTwoPieces / 3;
        EXPECT_TRUE(absl::IsResourceExhausted(query.run(nobody).status()));
    }
}

}  // namespace
}  // namespace logi::query
