#include "query/piece_call.h"

#include "absl/strings/str_cat.h"
#include "io/sim_executor.h"
#include "query/run_simulated.h"
#include "query/sub_plan.h"
#include "query/test_sources.h"

#include <gtest/gtest.h>

#include <optional>

namespace logi::query {
namespace {

constexpr std::int64_t kPieceMinute = 60 * kNanosPerSecond;
constexpr int kPieceSegments = 8;

// Readers that have read a piece and cannot tell what they found.
class Overwhelmed final : public Readers {
  public:
    explicit Overwhelmed(io::Executor& executor) : executor_(executor) {}
    [[nodiscard]] std::vector<std::string> for_key(std::string_view /*key*/) const override {
        return {"a", "b", ""};
    }
    void ask(const std::string& /*reader*/,
             std::string /*sub_plan*/,
             Duration /*timeout*/,
             io::CancelToken /*cancel*/,
             std::function<void(StatusOr<std::string>)> done) override {
        ++asked;
        executor_.post([done = std::move(done)] {
            done(encode_error(absl::OutOfRangeError("a part of an answer is too large")));
        });
    }
    std::size_t asked = 0;

  private:
    io::Executor& executor_;
};

// A minute per segment, each of which is a piece.
std::shared_ptr<Spread> spread_of_minutes() {
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
            entries.push_back({Labels::from_pairs({{"app", "a"}}),
                               begin + i * kNanosPerSecond,
                               absl::StrCat("line ", s, " ", i),
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

TEST(PieceCalls, WhatIsTooMuchForAnAnswerNobodyElseIsAskedFor) {
    Request request;
    request.query = "{app=\"a\"}";
    request.start = {0};
    request.end = {kPieceSegments * kPieceMinute};
    request.limit = 1000;
    request.forward = true;
    const Prepared query = *prepare(request);
    io::SimClock clock(request.end);
    const auto executor = std::make_shared<io::SimExecutor>(1, clock);
    const auto readers = std::make_shared<Overwhelmed>(*executor);
    const auto spread = spread_of_minutes();
    spread->readers = readers;
    std::optional<StatusOr<Result>> result;
    run_spread(executor, spread, query, Limits(), {}, [&](auto r) { result = std::move(r); });
    executor->run_until_idle();
    ASSERT_TRUE(result.has_value() && result->ok());
    EXPECT_EQ((*result)->rows.size(), kPieceSegments * 10U);
    const auto pieces = pieces_of(*spread, {}, request.start, request.end - Duration{1});
    ASSERT_GT(pieces->size(), 2U);
    EXPECT_EQ(readers->asked, pieces->size());
}

}  // namespace
}  // namespace logi::query
