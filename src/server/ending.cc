#include "server/ending.h"

#include "absl/time/time.h"
#include "base/log.h"
#include "config/config.h"
#include "server/cluster_part.h"
#include "server/rule_part.h"

#include <unistd.h>

#include <array>

namespace logi::server {
namespace {

constexpr std::array<int, 2> kSignals = {SIGINT, SIGTERM};
// Of the time to end, what requests may take that are under way.
constexpr int kRequestsPart = 3;
// Where there is no deadline.
constexpr Duration kRequestsTime = Duration::seconds(10);

// What was acknowledged is in the journal, as after a crash.
void end_at_deadline(io::Executor& executor, Duration deadline) {
    if (deadline.ns > 0) {
        executor.post_after(deadline, [deadline] {
            base::log_error(
                "not everything could be written to segments in time: it is in the "
                "journal, which the next start reads, or where processes share a bucket its "
                "compactor",
                {{"seconds", std::to_string(deadline.ns / kNanosPerSecond)},
                 {"key", "server.graceful_shutdown_timeout"}});
            ::_exit(1);
        });
    }
}

void end_requests(const Running& running, Duration deadline) {
    const Duration time = deadline.ns > 0 ? Duration{deadline.ns / kRequestsPart} : kRequestsTime;
    const Timestamp end = running.clock.now() + time;
    if (running.otlp != nullptr) {
        running.otlp->shutdown(time);
    }
    running.http.shutdown(std::max(end - running.clock.now(), Duration{}));
    if (running.cluster != nullptr) {
        running.cluster->end_calls(std::max(end - running.clock.now(), Duration{}));
    }
}

Status end_store(const Running& running) {
    Status stopped;
    io::wait_for(running.executor, [&](const io::Task& done) {
        // What is left in a bucket that others share, they have to take over.
        if (running.lifecycle.flushes_at_end() || running.cluster != nullptr) {
            running.store.shutdown([&stopped, done](const Status& status) {
                stopped = status;
                done();
            });
        } else {
            running.store.stop(done);
        }
    });
    return stopped;
}

}  // namespace

Signals::Signals() {
    sigemptyset(&set_);
    for (const int signal : kSignals) {
        sigaddset(&set_, signal);
    }
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
}

int Signals::wait() const {
    int signal = 0;
    sigwait(&set_, &signal);
    return signal;
}

bool Signals::comes_within(Duration time) const {
    const timespec limit = absl::ToTimespec(absl::Nanoseconds(time.ns));
    return sigtimedwait(&set_, nullptr, &limit) > 0;
}

void Signals::let_through() const {
    for (const int signal : kSignals) {
        std::signal(signal, SIG_DFL);
    }
    pthread_sigmask(SIG_UNBLOCK, &set_, nullptr);
}

Status end(const Running& running, const Signals& signals, const config::Config& config) {
    running.lifecycle.set_stopping();
    if (running.cluster != nullptr) {
        // Not waited for: a bucket that is away keeps nobody from ending.
        running.executor.post([cluster = running.cluster] { cluster->leave(); });
    }
    if (config.shutdown_delay.ns > 0 && signals.comes_within(config.shutdown_delay)) {
        signals.let_through();
        std::raise(SIGTERM);
    }
    signals.let_through();
    const Duration deadline = config.graceful_shutdown_timeout;
    end_at_deadline(running.executor, deadline);
    end_requests(running, deadline);
    if (running.cluster != nullptr) {
        io::wait_for(running.executor,
                     [&](io::Task done) { running.cluster->stop(std::move(done)); });
    }
    if (running.rules != nullptr) {
        io::wait_for(running.executor,
                     [&](io::Task done) { running.rules->stop(std::move(done)); });
    }
    io::wait_for(running.executor, [&](io::Task done) { running.compactor.stop(std::move(done)); });
    const Status stored = end_store(running);
    if (running.cluster != nullptr) {
        io::wait_for(running.executor, [&](const io::Task& done) {
            running.cluster->end();
            done();
        });
    }
    LOGI_RETURN_IF_ERROR(stored);
    return running.lifecycle.flushes_at_end() ? running.lifecycle.clear_prepared()
                                              : absl::OkStatus();
}

}  // namespace logi::server
