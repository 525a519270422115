#include "io/executor.h"

#include "io/sim_executor.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <thread>

namespace logi::io {
namespace {

TEST(ThreadPool, StrandKeepsOrderAndNeverOverlaps) {
    ThreadPool pool(4);
    Strand strand(pool);
    std::vector<int> seen;
    std::atomic<int> inside{0};
    wait_for(pool, [&](Task done) {
        for (int i = 0; i < 1000; ++i) {
            strand.post([&, i] {
                EXPECT_EQ(inside.fetch_add(1), 0);
                seen.push_back(i);
                inside.fetch_sub(1);
            });
        }
        strand.post(done);
    });
    ASSERT_EQ(seen.size(), 1000U);
    EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
}

TEST(ThreadPool, ForEachRunsAllBeforeDone) {
    ThreadPool pool(3);
    std::atomic<int> sum{0};
    wait_for(pool, [&](Task done) {
        for_each_async(
            pool, 100, [&](std::size_t i) { sum += static_cast<int>(i); }, done);
    });
    EXPECT_EQ(sum, 4950);
}

TEST(ThreadPool, TimersRunInOrderOfTime) {
    ThreadPool pool(1);
    std::vector<int> seen;
    wait_for(pool, [&](Task done) {
        pool.post_after(Duration::millis(30), [&seen, done] {
            seen.push_back(2);
            done();
        });
        pool.post_after(Duration::millis(5), [&seen] { seen.push_back(1); });
    });
    EXPECT_EQ(seen, (std::vector<int>{1, 2}));
}

TEST(ThreadPool, TimersDoNotWaitForBusyWorkers) {
    ThreadPool pool(1);
    std::atomic<bool> fired{false};
    pool.post_after(Duration::millis(5), [&] { fired = true; });
    wait_for(pool, [&](Task done) {
        pool.post([&fired, done] {
            while (!fired) {
                std::this_thread::yield();
            }
            done();
        });
    });
    EXPECT_TRUE(fired);
}

TEST(ThreadPool, TasksDoNotWaitForLongOnes) {
    std::atomic<bool> posted{false};
    ThreadPool pool(2);
    const Task busy = [&posted] {
        while (!posted) {
            std::this_thread::yield();
        }
    };
    for (int i = 0; i < 10; ++i) {
        pool.post_long(busy);
    }
    wait_for(pool, [&](const Task& done) {
        posted = true;
        done();
    });
    EXPECT_TRUE(posted);
}

TEST(ThreadPool, TheDestructorRunsWhatTasksPost) {
    std::atomic<int> runs{0};
    std::optional<ThreadPool> pool(std::in_place, 1);
    const std::function<void(int)> hop = [&, p = &*pool](int left) {
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
        ++runs;
        if (left % 2 == 1) {
            p->post_long([&hop, left] { hop(left - 1); });
        } else if (left > 0) {
            p->post([&hop, left] { hop(left - 1); });
        }
    };
    pool->post([&hop] { hop(9); });
    pool.reset();
    EXPECT_EQ(runs, 10);
}

TEST(SimExecutor, ASeedGivesTheSameOrder) {
    const auto run = [](std::uint64_t seed) {
        SimClock clock;
        SimExecutor executor(seed, clock);
        std::vector<int> seen;
        for (int i = 0; i < 20; ++i) {
            executor.post([&seen, i] { seen.push_back(i); });
        }
        executor.run_until_idle();
        return seen;
    };
    EXPECT_EQ(run(7), run(7));
    EXPECT_NE(run(7), run(8));
}

TEST(SimExecutor, TimeJumpsToTheNextTimer) {
    SimClock clock(Timestamp{100});
    SimExecutor executor(1, clock);
    bool fired = false;
    executor.post_after(Duration::seconds(5), [&] { fired = true; });
    executor.run_until_idle();
    EXPECT_FALSE(fired);
    EXPECT_TRUE(executor.run_one());
    EXPECT_TRUE(fired);
    EXPECT_EQ(clock.now().ns, 100 + 5 * kNanosPerSecond);
    EXPECT_FALSE(executor.run_one());
}

}  // namespace
}  // namespace logi::io
