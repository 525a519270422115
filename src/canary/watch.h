// One run of the canary, from /resume to /suspend: it writes lines, follows them on a live tail,
// asks for what did not come, and for lines of long ago.
#pragma once

#include "base/mutex.h"
#include "canary/ledger.h"
#include "canary/loki.h"
#include "canary/metrics.h"
#include "canary/settings.h"
#include "io/clock.h"
#include "io/executor.h"
#include "io/random.h"

#include <atomic>
#include <deque>
#include <functional>
#include <vector>

namespace logi::canary {

class Watch {
  public:
    // Begins at once, on threads of its own. All must outlive it.
    Watch(const Settings& settings,
          const Loki& loki,
          const Metrics& metrics,
          const io::Clock& clock,
          io::Random& random);
    // Waits for what is under way, which no timeout of the settings outlasts.
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

  private:
    // Runs `work` every `period` from the first time on; a turn that comes while it still runs is
    // left out.
    void repeat(Timestamp first, Duration period, std::function<void()> work);
    void run_after(Duration delay, std::function<void()> work);

    void begin_writing();
    // A line at its time; then its batch, when that is full; then the next line.
    void write(Timestamp due);
    void send(std::vector<Timestamp> batch, std::uint32_t attempt, Timestamp due);
    void write_next(Timestamp due);
    Timestamp make_line(Timestamp now);

    void tail();
    Status follow();
    Status read_tail(std::string_view json);

    void prune();
    void ask_for_missing(Timestamp now);
    void spot_check();
    void metric_test();
    void cache_test();
    void complain(const char* what, const Status& status);

    const Settings& settings_;
    const Loki& loki_;
    const Metrics& metrics_;
    const io::Clock& clock_;
    io::Random& random_;
    const Timestamp begin_;
    std::atomic<bool> stopping_{false};

    base::Mutex mutex_;
    Ledger ledger_ LOGI_GUARDED_BY(mutex_);
    std::deque<Timestamp> spots_ LOGI_GUARDED_BY(mutex_);  // lines that are kept, oldest first

    // Of one chain of tasks each.
    std::vector<Timestamp> batch_;  // written, not sent yet
    bool writing_ = false;
    Timestamp tail_start_;
    unsigned tail_failures_ = 0;

    io::ThreadPool pool_;
};

}  // namespace logi::canary
