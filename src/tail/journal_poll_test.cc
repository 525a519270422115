#include "tail/journal_poll.h"

#include "io/sim_executor.h"
#include "journal/registry.h"
#include "logql/parser.h"

#include <gtest/gtest.h>

namespace logi::tail {
namespace {

TEST(JournalPoll, TheBucketIsAskedOnlyAsLongAsSomebodyFollows) {
    io::SimClock clock(Timestamp{1'700'000'000'000'000'000});
    io::SimExecutor executor(1, clock);
    base::Registry metrics;
    Tails tails(executor, clock, metrics, [](const auto&, Form) { return std::string(); });
    int polls = 0;
    int looks = 0;
    const auto poll = std::make_shared<JournalPoll>(executor, clock, tails, [&](bool look) {
        ++polls;
        looks += look ? 1 : 0;
        return absl::OkStatus();
    });
    const auto pass = [&](Duration time) {
        polls = 0;
        looks = 0;
        for (const Timestamp end = clock.now() + time; clock.now() < end;) {
            clock.advance(Duration::millis(50));
            executor.run_until_idle();
        }
    };
    pass(Duration::seconds(10));
    EXPECT_EQ(polls, 0);
    ASSERT_TRUE(poll->catch_up().ok());
    const auto log = logql::parse_log_query(R"({app="a"})");
    const auto one = *tails.follow({"t", *log, Form::kPlain, {}});
    ASSERT_TRUE(poll->catch_up().ok());
    const auto other = *tails.follow({"other", *log, Form::kPlain, {}});
    // However many follow.
    pass(Duration::seconds(10));
    EXPECT_GE(polls, 38);
    EXPECT_LE(polls, 41);
    EXPECT_GE(looks, 9);
    EXPECT_LE(looks, 11);
    tails.leave("t", one);
    pass(Duration::seconds(20));
    EXPECT_GE(polls, 76);
    tails.leave("other", other);
    pass(Duration::seconds(20));
    pass(Duration::seconds(20));
    EXPECT_EQ(polls, 0);
    ASSERT_TRUE(poll->catch_up().ok());
    const auto again = *tails.follow({"t", *log, Form::kPlain, {}});
    pass(Duration::seconds(10));
    EXPECT_GE(polls, 38);
    tails.leave("t", again);
}

TEST(JournalPoll, WhatFailsIsTriedAgain) {
    io::SimClock clock(Timestamp{1'700'000'000'000'000'000});
    io::SimExecutor executor(1, clock);
    base::Registry metrics;
    Tails tails(executor, clock, metrics, [](const auto&, Form) { return std::string(); });
    Status status = absl::UnavailableError("away");
    int polls = 0;
    const auto poll = std::make_shared<JournalPoll>(executor, clock, tails, [&](bool) {
        ++polls;
        return status;
    });
    EXPECT_EQ(poll->catch_up().code(), absl::StatusCode::kUnavailable);
    status = absl::OkStatus();
    ASSERT_TRUE(poll->catch_up().ok());
    const auto log = logql::parse_log_query(R"({app="a"})");
    const auto one = *tails.follow({"t", *log, Form::kPlain, {}});
    status = absl::UnavailableError("away");
    polls = 0;
    for (int i = 0; i < 10; ++i) {
        clock.advance(JournalPoll::kPeriod);
        executor.run_until_idle();
    }
    EXPECT_GE(polls, 9);
    tails.leave("t", one);
}

TEST(JournalPoll, WhoFollowsBeginsAgainWhenJournalsCannotBeReadForLongerThanTheyAreKept) {
    io::SimClock clock(Timestamp{1'700'000'000'000'000'000});
    io::SimExecutor executor(1, clock);
    base::Registry metrics;
    Tails tails(executor, clock, metrics, [](const auto&, Form) { return std::string("frame"); });
    Status status;
    Duration takes;
    const auto poll = std::make_shared<JournalPoll>(executor, clock, tails, [&](bool) {
        clock.advance(takes);
        return status;
    });
    const auto pass = [&](Duration time) {
        for (const Timestamp end = clock.now() + time; clock.now() < end;) {
            clock.advance(Duration::millis(50));
            executor.run_until_idle();
        }
    };
    const auto log = logql::parse_log_query(R"({app="a"})");
    const auto follow = [&] {
        EXPECT_TRUE(poll->catch_up().ok());
        const auto follower = *tails.follow({"t", *log, Form::kPlain, {}});
        EXPECT_TRUE(follower->begin({}).ok());
        return follower;
    };
    const auto one = follow();
    status = absl::UnavailableError("away");
    pass(Duration{journal::kKeptFor.ns - Duration::seconds(3).ns});
    status = absl::OkStatus();
    pass(Duration::minutes(1));
    EXPECT_EQ(one->why_ended(), "");
    bool woken = false;
    one->on_news([&] { woken = true; });
    status = absl::UnavailableError("away");
    pass(Duration{journal::kKeptFor.ns + Duration::seconds(3).ns});
    EXPECT_NE(one->why_ended(), "");
    EXPECT_TRUE(woken);
    EXPECT_FALSE(one->next().has_value());
    tails.leave("t", one);
    // Who comes then has all that is there, and is told if a single look takes that long.
    status = absl::OkStatus();
    const auto other = follow();
    pass(Duration::minutes(1));
    EXPECT_EQ(other->why_ended(), "");
    takes = journal::kKeptFor;
    pass(Duration::minutes(1));
    EXPECT_NE(other->why_ended(), "");
    tails.leave("t", other);
}

}  // namespace
}  // namespace logi::tail
