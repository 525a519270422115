#include "query/fair_queue.h"

#include "io/sim_executor.h"

#include <gtest/gtest.h>

#include <atomic>

namespace logi::query {
namespace {

// Runs one task at a time, in the order in which they were posted.
class OneThread final : public io::Executor {
  public:
    void post(io::Task task) override { tasks_.push_back(std::move(task)); }
    void post_long(io::Task task) override { post(std::move(task)); }
    void post_after(Duration, io::Task) override {}
    [[nodiscard]] std::size_t parallelism() const override { return 1; }
    void run() {
        while (!tasks_.empty()) {
            const io::Task task = std::move(tasks_.front());
            tasks_.pop_front();
            task();
        }
    }
    [[nodiscard]] std::size_t waiting() const { return tasks_.size(); }

  private:
    std::deque<io::Task> tasks_;
};

struct FairQueueTest : testing::Test {
    OneThread executor;
    io::SimClock clock;
    base::Registry metrics;
    std::string order;

    // Tasks of so many milliseconds that write a letter.
    void post(const std::shared_ptr<io::Executor>& of, char letter, int count, int ms) {
        for (int i = 0; i < count; ++i) {
            of->post_long([this, letter, ms] {
                order.push_back(letter);
                clock.advance(Duration::millis(ms));
            });
        }
    }
};

TEST_F(FairQueueTest, TenantsTakeTurnsHoweverMuchOneOfThemWants) {
    FairQueue queue(executor, clock, metrics, 0);
    for (int request = 0; request < 30; ++request) {
        post(*queue.enter("a", 9), 'a', 10, 10);
    }
    EXPECT_EQ(executor.waiting(), 1U);  // what others post does not wait behind all of it
    post(*queue.enter("b", 9), 'b', 3, 10);
    executor.run();
    EXPECT_EQ(order.size(), 303U);
    EXPECT_LT(order.find_last_of('b'), 8U) << order;
}

TEST_F(FairQueueTest, TimeCountsNotTasks) {
    FairQueue queue(executor, clock, metrics, 0);
    post(*queue.enter("a", 9), 'a', 50, 100);
    post(*queue.enter("b", 9), 'b', 50, 10);
    executor.run();
    const std::string until_b_is_done = order.substr(0, order.find_last_of('b'));
    EXPECT_LE(std::count(until_b_is_done.begin(), until_b_is_done.end(), 'a'), 7) << order;
}

TEST_F(FairQueueTest, AClockThatJumpsAheadCostsNobodyTheirTurns) {
    FairQueue queue(executor, clock, metrics, 0);
    const auto a = *queue.enter("a", 9);
    a->post_long([this] { clock.advance(Duration::hours(1)); });
    post(a, 'a', 5, 10);
    post(*queue.enter("b", 9), 'b', 2000, 10);
    executor.run();
    // As if its first task had taken ten seconds of b's tasks, not an hour.
    EXPECT_LT(order.find('a'), 1500U);
}

TEST_F(FairQueueTest, WhoWantedNothingHasSavedNothing) {
    FairQueue queue(executor, clock, metrics, 0);
    const auto early = *queue.enter("b", 9);
    post(*queue.enter("a", 9), 'a', 100, 10);
    executor.run();
    order.clear();
    post(*queue.enter("a", 9), 'a', 10, 10);
    post(early, 'b', 10, 10);
    executor.run();
    EXPECT_LT(order.find_last_of('b') - order.find('a'), 20U);
    EXPECT_LT(order.find('a'), 3U) << order;
}

TEST_F(FairQueueTest, RequestsOfATenantAreBounded) {
    FairQueue queue(executor, clock, metrics, 2);
    auto first = queue.enter("a", 1);
    const auto second = queue.enter("a", 1);
    ASSERT_TRUE(first.ok() && second.ok());
    EXPECT_TRUE(queue.enter("b", 1).ok());
    const auto refused = queue.enter("a", 1);
    EXPECT_EQ(refused.status(), absl::ResourceExhaustedError("too many outstanding requests"));
    EXPECT_NE(metrics.render().find("loki_query_scheduler_discarded_requests_total{user=\"a\"} 1"),
              std::string::npos);
    // Tasks that wait keep their request.
    post(*first, 'a', 1, 1);
    first = absl::CancelledError();
    EXPECT_FALSE(queue.enter("a", 1).ok());
    executor.run();
    EXPECT_TRUE(queue.enter("a", 1).ok());
}

TEST_F(FairQueueTest, MetricsOfTenantsGoWithTheirLastRequest) {
    const auto shows = [&](const std::string& text) {
        return metrics.render().find(text) != std::string::npos;
    };
    FairQueue queue(executor, clock, metrics, 0);
    post(*queue.enter("a", 1), 'a', 5, 1);
    EXPECT_TRUE(shows("loki_query_scheduler_queue_length{user=\"a\"} 5"));
    executor.run();
    EXPECT_FALSE(shows("user=\"a\""));
    EXPECT_TRUE(shows("loki_query_scheduler_queue_duration_seconds_count 1"));
}

TEST(FairQueue, NoMoreOfATenantRunAtOnceThanItMayAndAllRun) {
    constexpr int kTasks = 500;
    io::SystemClock clock;
    base::Registry metrics;
    std::atomic<int> running{0};
    std::atomic<int> most{0};
    std::atomic<int> ran{0};
    {
        io::ThreadPool pool(4);
        FairQueue queue(pool, clock, metrics, 0);
        for (int request = 0; request < kTasks; ++request) {
            const auto a = *queue.enter("a", 2);
            a->post_long([&, a] {
                const int now = running.fetch_add(1) + 1;
                for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
                }
                std::this_thread::yield();
                running.fetch_sub(1);
                a->post_long([&, a] { ran.fetch_add(1); });
            });
            (*queue.enter("b" + std::to_string(request % 7), 4))->post_long([&] {
                ran.fetch_add(1);
            });
        }
    }
    EXPECT_EQ(ran, 2 * kTasks);
    EXPECT_LE(most, 2);
}

}  // namespace
}  // namespace logi::query
