// Compaction in the background: rounds over all tenants, a bit of one merge at a time.
//
// The inputs of a merge live until the commit of what replaces them, so a crash costs the merge
// that was under way and nothing else.
#pragma once

#include "base/mutex.h"
#include "compact/clock_watch.h"
#include "compact/tenant_round.h"
#include "io/executor.h"

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace logi::compact {

struct CompactorOptions {
    Duration interval = Duration::minutes(10);  // between rounds; 0: none by itself
    PlanOptions plan;
};

// Thread-safe.
class Compactor {
  public:
    // All must outlive the compactor.
    struct Deps {
        ingest::Store& store;
        Deletes& deletes;
        io::Executor& executor;
        const io::Clock& clock;
        base::Registry& metrics;
    };

    Compactor(const Deps& deps, const CompactorOptions& options);
    // Only after stop(), or when the executor runs no more tasks.
    ~Compactor();
    Compactor(const Compactor&) = delete;
    Compactor& operator=(const Compactor&) = delete;

    // Begins with rounds, one interval from now.
    void start();
    // A round now, after the one that is under way; `done` when it has ended, or is stopped.
    void run(io::Task done);
    // Nothing more is begun; `done` when nothing is under way. What a merge has done so far is
    // lost.
    void stop(io::Task done);

  private:
    void after(Duration delay, void (Compactor::*work)());
    void run_later();
    void tick();
    void begin() LOGI_REQUIRES(mutex_);
    void step();
    // Of a round: false when it has ended.
    bool step_round();
    void end();
    // Of a round that came to its end.
    void count_round();
    void collect(base::Scrape& scrape) const;

    Deps deps_;
    const CompactorOptions options_;
    const CompactorMetrics metrics_;
    const RoundDeps round_deps_;
    // Timers do their work on the strand, where stop() ends it: none is at work after that.
    io::Strand timers_;
    std::shared_ptr<std::atomic<bool>> alive_ = std::make_shared<std::atomic<bool>>(true);

    // Touched by the round under way only.
    std::deque<std::shared_ptr<ingest::Tenant>> tenants_left_;
    std::unique_ptr<TenantRound> round_;
    std::map<std::string, TenantMemory> memory_;
    Timestamp round_begin_;
    double failures_before_ = 0;

    const base::Gauge round_seconds_;
    const base::Gauge last_good_round_;
    base::Mutex mutex_;
    ClockWatch watch_ LOGI_GUARDED_BY(mutex_);
    bool running_ LOGI_GUARDED_BY(mutex_) = false;
    bool again_ LOGI_GUARDED_BY(mutex_) = false;
    bool stopping_ LOGI_GUARDED_BY(mutex_) = false;
    // Of the round under way, and of the one after it.
    std::vector<io::Task> done_ LOGI_GUARDED_BY(mutex_);
    std::vector<io::Task> done_again_ LOGI_GUARDED_BY(mutex_);
    std::shared_ptr<const void> told_;  // in metrics as long as it lives
};

}  // namespace logi::compact
