#include "ingest/flush_queue.h"

#include "io/sim_executor.h"

#include <gtest/gtest.h>

#include <optional>

namespace logi::ingest {
namespace {

std::shared_ptr<Tenant> tenant(const std::string& name) {
    return std::make_shared<Tenant>(name, nullptr);
}

class FlushQueueTest : public ::testing::Test {
  protected:
    io::SimClock clock_;
    io::SimExecutor executor_{1, clock_};
    int written_ = 0;
    Status status_;
    std::optional<FlushQueue> queue_{std::in_place, executor_, [this](const FlushQueue::Job&) {
                                         EXPECT_TRUE(queue_.has_value());
                                         ++written_;
                                         return status_;
                                     }};
    // As a store stops: whoever waits is told, and then the queue goes.
    void stop_when_told() {
        queue_->wait([this](const Status&) {
            queue_->stop();
            queue_->post([this] { queue_.reset(); });
        });
    }
};

TEST_F(FlushQueueTest, WritesWhatIsAddedThenTellsWhoWaits) {
    bool told = false;
    queue_->add({tenant("a"), nullptr});
    queue_->add({tenant("b"), nullptr});
    queue_->wait([&](const Status& status) {
        EXPECT_TRUE(status.ok());
        EXPECT_EQ(written_, 2);
        told = true;
    });
    executor_.run_until_idle();
    EXPECT_TRUE(told);
}

TEST_F(FlushQueueTest, NothingIsLeftToRunWhenItGoes) {
    queue_->add({tenant("a"), nullptr});
    stop_when_told();
    queue_->add({tenant("b"), nullptr});  // nobody waits for this one
    while (executor_.run_one()) {
    }
    EXPECT_FALSE(queue_.has_value());
    EXPECT_EQ(written_, 1);
}

TEST_F(FlushQueueTest, NothingIsTriedAgainWhenItGoesAfterAFailure) {
    status_ = absl::UnavailableError("full");
    queue_->post_after(Duration::seconds(1), [this] { FAIL() << queue_.has_value(); });
    queue_->add({tenant("a"), nullptr});
    queue_->add({tenant("b"), nullptr});
    stop_when_told();
    while (executor_.run_one()) {
    }
    EXPECT_FALSE(queue_.has_value());
    EXPECT_EQ(written_, 1);
}

}  // namespace
}  // namespace logi::ingest
