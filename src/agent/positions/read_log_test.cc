#include "agent/positions/read_log.h"

#include "io/sim_executor.h"
#include "io/sim_file_system.h"

#include <gtest/gtest.h>

namespace logi::agent {
namespace {

class ReadLogTest : public testing::Test {
  protected:
    void open(bool keep = true) {
        log_.reset();
        executor_.drop_all();
        registry_ = std::make_unique<base::Registry>();
        strand_ = std::make_unique<io::Strand>(executor_);
        auto log =
            ReadLog::open({executor_, *strand_, files_, clock_, random_, *registry_}, "/log", keep);
        ASSERT_TRUE(log.ok()) << log.status();
        log_ = *std::move(log);
        executor_.run_until_idle();
    }
    // False: it is not known to be durable.
    bool commit() {
        bool durable = false;
        log_->commit([&] { durable = true; });
        executor_.run_until_idle();
        return durable;
    }
    void crash() {
        files_.crash();
        open();
    }

    io::SimClock clock_{Timestamp{1'000'000}};
    io::SimExecutor executor_{7, clock_};
    io::SimFileSystem files_{7};
    io::SeededRandom random_{7};
    std::unique_ptr<base::Registry> registry_;
    std::unique_ptr<io::Strand> strand_;
    std::unique_ptr<ReadLog> log_;
};

TEST_F(ReadLogTest, KnowsAfterACrashWhatWasCommitted) {
    open();
    const auto id = log_->add_file("/a", 42, {1, 2}, head_of("begin"), 10);
    log_->add_range(id, {.from = 10, .to = 30, .first_time = {500}}, 3);
    log_->add_range(id, {.from = 30, .to = 50, .first_time = {600}}, 2);
    log_->add_guess(id, 40, {77});
    log_->set_saved(id, {3, 10});
    log_->set_saved(id, {4, std::nullopt});
    ASSERT_TRUE(commit());
    log_->add_range(id, {.from = 50, .to = 60, .first_time = {700}}, 1);
    crash();
    const KnownFile* file = log_->find(id);
    ASSERT_NE(file, nullptr);
    EXPECT_EQ(file->path, "/a");
    EXPECT_EQ(file->owner, 42U);
    EXPECT_EQ(file->identity, (io::FileIdentity{1, 2}));
    EXPECT_EQ(file->head, head_of("begin"));
    EXPECT_EQ(file->delivered, 10U);
    EXPECT_EQ(file->position_in_save(3), 10U);
    EXPECT_EQ(file->position_in_save(4), std::nullopt);
    EXPECT_EQ(log_->next_save(), 5U);
    ASSERT_EQ(file->ranges.size(), 2U);
    EXPECT_EQ(file->range_at(29)->first_time.ns, 500);
    EXPECT_EQ(file->range_at(30)->first_time.ns, 600);
    EXPECT_EQ(file->range_at(50), nullptr);
    EXPECT_EQ(file->range_at(9), nullptr);
    EXPECT_EQ(file->guessed.at(40).ns, 77);
    EXPECT_EQ(log_->last_time().ns, 602);
}

TEST_F(ReadLogTest, ForgetsWhatIsDelivered) {
    open();
    const auto id = log_->add_file("/a", 0, {1, 2}, head_of(""), 0);
    log_->add_range(id, {.from = 0, .to = 20, .first_time = {500}}, 2);
    log_->add_range(id, {.from = 20, .to = 40, .first_time = {600}}, 2);
    log_->add_guess(id, 15, {77});
    log_->set_delivered(id, 25);
    ASSERT_TRUE(commit());
    crash();
    const KnownFile* file = log_->find(id);
    ASSERT_NE(file, nullptr);
    EXPECT_EQ(file->delivered, 25U);
    ASSERT_EQ(file->ranges.size(), 1U);
    EXPECT_EQ(file->ranges[0].from, 20U);
    EXPECT_TRUE(file->guessed.empty());
    log_->remove(id);
    ASSERT_TRUE(commit());
    log_->set_delivered(id, 40);  // of a batch that was still under way
    crash();
    EXPECT_TRUE(log_->files().empty());
    EXPECT_NE(log_->add_file("/b", 0, {1, 3}, head_of(""), 0), id);
}

TEST_F(ReadLogTest, ItsJournalsStaySmall) {
    open();
    const auto id = log_->add_file("/a", 0, {1, 2}, head_of("x"), 0);
    for (std::uint64_t i = 0; i < 20; ++i) {
        for (std::uint64_t j = 0; j < 20'000; ++j) {
            const std::uint64_t from = i * 20'000 + j;
            log_->add_range(id, {from, from + 1, {static_cast<std::int64_t>(from)}}, 1);
        }
        log_->set_delivered(id, i * 20'000 + 19'000);
        ASSERT_TRUE(commit());
    }
    EXPECT_LE(files_.list("/log")->size(), 3U);
    crash();
    EXPECT_EQ(log_->find(id)->delivered, 399'000U);
    EXPECT_EQ(log_->find(id)->ranges.size(), 1000U);
}

TEST_F(ReadLogTest, GoesOnWhenItCannotBeWritten) {
    open();
    const auto id = log_->add_file("/a", 0, {1, 2}, head_of("x"), 0);
    ASSERT_TRUE(commit());
    files_.set_faults({.write_error = 1});
    log_->set_delivered(id, 5);
    EXPECT_TRUE(commit());
    files_.set_faults({});
    log_->set_delivered(id, 9);
    EXPECT_TRUE(commit());
    crash();
    EXPECT_EQ(log_->find(id)->delivered, 9U);
}

TEST_F(ReadLogTest, BeginsAnewWhenToldTo) {
    open();
    log_->add_file("/a", 0, {1, 2}, head_of("x"), 0);
    ASSERT_TRUE(commit());
    open(false);
    EXPECT_TRUE(log_->files().empty());
    crash();
    EXPECT_TRUE(log_->files().empty());
}

}  // namespace
}  // namespace logi::agent
