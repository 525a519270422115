// One who follows a query: first what is stored, then what comes in, as fast as they take it.
#pragma once

#include "absl/container/flat_hash_set.h"
#include "base/metrics.h"
#include "io/clock.h"
#include "io/executor.h"
#include "tail/live_batch.h"

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace logi::tail {

// What all followers have in common.
struct Shared {
    io::Executor& executor;
    const io::Clock& clock;
    Render render;
    std::int64_t follower_bytes_max;
    std::int64_t bytes_max;
    base::Counter sent;
    base::Counter lost;
    // What waits for all followers together, counted for each.
    std::atomic<std::int64_t> bytes{0};
};

// An entry that a follower did not get.
struct Lost {
    Timestamp time;
    std::shared_ptr<const Labels> stream;
};
inline constexpr std::size_t kLostMax = 1000;  // that are told of at once

struct Frame {
    std::shared_ptr<const std::string> text;  // as it was rendered
    std::vector<Lost> lost;
};

// Thread-safe.
class Follower : public std::enable_shared_from_this<Follower> {
  public:
    Follower(std::shared_ptr<Shared> shared, Form form, Duration delay)
        : shared_(std::move(shared)), form_(form), delay_(delay) {}
    ~Follower();
    Follower(const Follower&) = delete;
    Follower& operator=(const Follower&) = delete;

    // `wake` is called, from any thread, when next() may have something.
    void on_news(std::function<void()> wake);
    // What the store had when it was asked, after this began to follow: it is sent first, and not
    // again when it also comes as news. Nothing is sent before. kResourceExhausted, and nothing
    // begins: there is no room for it.
    Status begin(std::vector<query::LogRow> history);
    // What is to be sent now. Nothing after the end.
    std::optional<Frame> next();
    // Why it has ended; empty: it goes on.
    [[nodiscard]] std::string why_ended() const;

    // For who has the news. Entries beyond what may wait are lost.
    void offer(const std::shared_ptr<const LiveBatch>& batch);
    void lose(const std::vector<Lost>& lost, std::uint64_t entries);
    void end(const std::string& why);
    [[nodiscard]] Form form() const { return form_; }
    // Of entries that were lost, all.
    [[nodiscard]] std::uint64_t lost() const;

  private:
    struct Waiting {
        std::shared_ptr<const LiveBatch> batch;
        Timestamp due;
    };
    void enqueue(std::shared_ptr<const LiveBatch> batch, Timestamp now) LOGI_REQUIRES(mutex_);
    std::shared_ptr<const LiveBatch> without_history(
        const std::shared_ptr<const LiveBatch>& batch) const LOGI_REQUIRES(mutex_);
    void add_lost(const Lost& lost) LOGI_REQUIRES(mutex_);
    void wake_later() const;
    void wake() const;

    const std::shared_ptr<Shared> shared_;
    const Form form_;
    const Duration delay_;
    mutable base::Mutex mutex_;
    std::function<void()> wake_ LOGI_GUARDED_BY(mutex_);
    bool begun_ LOGI_GUARDED_BY(mutex_) = false;
    std::string why_ended_ LOGI_GUARDED_BY(mutex_);
    std::deque<std::shared_ptr<const LiveBatch>> history_ LOGI_GUARDED_BY(mutex_);
    std::int64_t history_bytes_ LOGI_GUARDED_BY(mutex_) = 0;
    // Until known_until_, entries that are in the history may still come as news.
    absl::flat_hash_set<base::Hash128> known_ LOGI_GUARDED_BY(mutex_);
    Timestamp known_last_ LOGI_GUARDED_BY(mutex_);  // no entry of the history is newer
    Timestamp known_until_ LOGI_GUARDED_BY(mutex_);
    std::deque<Waiting> waiting_ LOGI_GUARDED_BY(mutex_);
    std::int64_t waiting_bytes_ LOGI_GUARDED_BY(mutex_) = 0;
    std::vector<Lost> lost_ LOGI_GUARDED_BY(mutex_);
    std::uint64_t lost_total_ LOGI_GUARDED_BY(mutex_) = 0;
};

}  // namespace logi::tail
