// Followers under simulation: one thread, so that what waits and what is lost is known.
#include "tail/tails.h"

#include "absl/strings/str_cat.h"
#include "ingest/record.h"
#include "io/sim_executor.h"
#include "logql/parser.h"

#include <gtest/gtest.h>

namespace logi::tail {
namespace {

// Lines, each with its labels.
std::string render(const std::vector<query::LogRow>& rows, Form form) {
    std::string out(form == Form::kPlain ? "" : "other ");
    for (const auto& row : rows) {
        absl::StrAppend(&out, query::all_labels(row).to_string(), " ", row.line, "\n");
    }
    return out;
}

class TailsTest : public ::testing::Test {
  protected:
    explicit TailsTest() : clock_(Timestamp{1'700'000'000'000'000'000}), executor_(1, clock_) {
        options_.follower_bytes_max = 20'000;
        make();
    }
    void make() { tails_ = std::make_unique<Tails>(executor_, clock_, metrics_, render, options_); }

    StatusOr<std::shared_ptr<Follower>> try_follow(const std::string& query,
                                                   Duration delay = {},
                                                   std::int64_t followers_max = 0) {
        const auto log = logql::parse_log_query(query);
        return tails_->follow({"t", *log, Form::kPlain, delay, followers_max});
    }
    std::shared_ptr<Follower> follow(const std::string& query, Duration delay = {}) {
        auto follower = try_follow(query, delay);
        EXPECT_TRUE(follower.ok()) << follower.status();
        return *follower;
    }
    void push(const std::string& app,
              const std::vector<std::string>& lines,
              const std::string& tenant = "t") {
        auto streams = std::make_shared<std::vector<ingest::AcceptedStream>>(1);
        auto& stream = streams->front();
        stream.labels = Labels::from_pairs({{"app", app}});
        stream.id = stream.labels.id();
        for (const auto& line : lines) {
            stream.entries.push_back({clock_.now(), line, {{"trace", "7"}}});
        }
        auto record = ingest::encode_record(tenant, *streams);
        tails_->publish(tenant, streams, record);
    }
    static std::string read(Follower& follower) {
        std::string out;
        while (auto frame = follower.next()) {
            out += *frame->text;
            for (const auto& lost : frame->lost) {
                absl::StrAppend(&out, "lost of ", lost.stream->to_string(), "\n");
            }
        }
        return out;
    }

    io::SimClock clock_;
    io::SimExecutor executor_;
    base::Registry metrics_;
    TailOptions options_;
    std::unique_ptr<Tails> tails_;
};

TEST_F(TailsTest, EachGetsWhatItsQueryPasses) {
    const auto all = follow(R"({app=~".+"})");
    const auto some = follow(R"({app="a"} |= "x" | logfmt | n > 1)");
    EXPECT_TRUE(all->begin({}).ok());
    EXPECT_TRUE(some->begin({}).ok());
    push("a", {"x n=1", "x n=2"});
    push("b", {"x n=3"});
    push("a", {"y n=4"});
    push("a", {"x n=5"}, "another tenant");
    executor_.run_until_idle();
    EXPECT_EQ(read(*all),
              "{app=\"a\", trace=\"7\"} x n=1\n{app=\"a\", trace=\"7\"} x n=2\n"
              "{app=\"b\", trace=\"7\"} x n=3\n{app=\"a\", trace=\"7\"} y n=4\n");
    EXPECT_EQ(read(*some), "{app=\"a\", n=\"2\", trace=\"7\"} x n=2\n");
    EXPECT_EQ(read(*some), "");
}

TEST_F(TailsTest, HistoryComesFirstAndOnce) {
    const auto follower = follow(R"({app="a"})");
    push("a", {"in both", "only news"});
    executor_.run_until_idle();
    EXPECT_EQ(read(*follower), "");  // the history is not there yet
    query::LogRow row;
    row.time = clock_.now();
    row.stream = std::make_shared<const Labels>(Labels::from_pairs({{"app", "a"}}));
    row.metadata = {{"trace", "7"}};
    row.line = "in both";
    query::LogRow older = row;
    older.line = "older";
    EXPECT_TRUE(follower->begin({older, row}).ok());
    EXPECT_EQ(read(*follower),
              "{app=\"a\", trace=\"7\"} older\n{app=\"a\", trace=\"7\"} in both\n"
              "{app=\"a\", trace=\"7\"} only news\n");
    push("a", {"in both"});  // it was on its way
    push("a", {"more"});
    executor_.run_until_idle();
    EXPECT_EQ(read(*follower), "{app=\"a\", trace=\"7\"} more\n");
}

TEST_F(TailsTest, WhatIsStoredTakesRoomUntilItIsSent) {
    options_.bytes_max = 1'000'000;
    make();
    query::LogRow row;
    row.stream = std::make_shared<const Labels>(Labels::from_pairs({{"app", "a"}}));
    row.line = std::string(10'000, 'x');
    const std::vector<query::LogRow> history(60, row);
    const auto first = follow(R"({app="a"})");
    const auto second = follow(R"({app="a"})");
    EXPECT_TRUE(first->begin(history).ok());
    EXPECT_TRUE(absl::IsResourceExhausted(second->begin(history)));
    EXPECT_FALSE(second->next().has_value());
    EXPECT_GT(read(*first).size(), 600'000U);
    EXPECT_TRUE(follow(R"({app="a"})")->begin(history).ok());
}

TEST_F(TailsTest, ASlowFollowerLosesLinesAndKnowsWhich) {
    const auto slow = follow(R"({app="a"})");
    const auto fast = follow(R"({app="a"})");
    EXPECT_TRUE(slow->begin({}).ok());
    EXPECT_TRUE(fast->begin({}).ok());
    std::size_t got = 0;
    for (int i = 0; i < 20; ++i) {
        push("a", {std::string(5'000, 'x')});
        executor_.run_until_idle();
        got += read(*fast).size();
    }
    EXPECT_GT(got, 100'000U);
    EXPECT_EQ(fast->lost(), 0U);
    EXPECT_GE(slow->lost(), 15U);
    const auto frame = slow->next();
    ASSERT_TRUE(frame.has_value());
    EXPECT_EQ(frame->lost.size(), slow->lost());
    std::size_t left = 1;
    while (const auto next = slow->next()) {
        EXPECT_TRUE(next->lost.empty());
        ++left;
    }
    EXPECT_EQ(left + slow->lost(), 20U);
}

TEST_F(TailsTest, AllFollowersTogetherAreBounded) {
    options_.follower_bytes_max = 1 << 30;
    options_.bytes_max = 20'000;
    make();
    const auto one = follow(R"({app="a"})");
    const auto two = follow(R"({app=~"a"})");
    EXPECT_TRUE(one->begin({}).ok());
    EXPECT_TRUE(two->begin({}).ok());
    for (int i = 0; i < 10; ++i) {
        push("a", {std::string(5'000, 'x')});
        executor_.run_until_idle();
    }
    EXPECT_GE(one->lost() + two->lost(), 16U);
    (void)read(*one);
    (void)read(*two);
    push("a", {"again"});
    executor_.run_until_idle();
    EXPECT_NE(read(*one).find("again"), std::string::npos);
}

// The evaluation gets no turn while a lot comes in: nothing waits for it, and memory is bounded.
TEST_F(TailsTest, WhatIsNotEvaluatedInTimeIsLostAsWell) {
    options_.follower_bytes_max = 1 << 30;
    make();
    const auto follower = follow(R"({app="a"})");
    const auto other = follow(R"({app="b"})");
    EXPECT_TRUE(follower->begin({}).ok());
    EXPECT_TRUE(other->begin({}).ok());
    for (int i = 0; i < 40; ++i) {
        push("a", {std::string(1 << 20, 'x')});
    }
    executor_.run_until_idle();
    EXPECT_GT(follower->lost(), 20U);
    EXPECT_LT(follower->lost(), 30U);
    EXPECT_EQ(other->lost(), 0U);
    std::size_t lines = 0;
    while (const auto frame = follower->next()) {
        lines += frame->text->empty() ? 0U : 1U;
    }
    EXPECT_EQ(lines + follower->lost(), 40U);
}

TEST_F(TailsTest, DelayHoldsBack) {
    const auto follower = follow(R"({app="a"})", Duration::seconds(2));
    EXPECT_TRUE(follower->begin({}).ok());
    int woken = 0;
    follower->on_news([&] { ++woken; });
    push("a", {"x"});
    clock_.advance(Duration::seconds(1));
    executor_.run_until_idle();
    EXPECT_EQ(read(*follower), "");
    EXPECT_EQ(woken, 0);
    clock_.advance(Duration::seconds(2));
    executor_.run_until_idle();
    EXPECT_EQ(woken, 1);
    EXPECT_EQ(read(*follower), "{app=\"a\", trace=\"7\"} x\n");
}

TEST_F(TailsTest, ThereAreNoMoreThanTheTenantMayHave) {
    const auto one = try_follow(R"({app="a"})", {}, 2);
    const auto two = try_follow(R"({app="b"})", {}, 2);
    ASSERT_TRUE(one.ok() && two.ok());
    EXPECT_EQ(try_follow(R"({app="c"})", {}, 2).status().message(),
              "max concurrent tail requests limit exceeded, count > limit (3 > 2)");
    tails_->leave("t", *one);
    EXPECT_TRUE(try_follow(R"({app="c"})", {}, 2).ok());
    push("a", {"nobody"});
    executor_.run_until_idle();
    EXPECT_EQ(read(**one), "");
}

}  // namespace
}  // namespace logi::tail
