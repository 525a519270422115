#include "compact/compactor.h"

#include <utility>

namespace logi::compact {
namespace {

// When something was last written, by the clock of then; 0: not known.
Timestamp last_written(const ingest::Store& store) {
    Timestamp last;
    for (const auto& tenant : store.tenants()) {
        last = std::max(last, tenant->catalog().snapshot()->written_at);
    }
    return last;
}

}  // namespace

Compactor::Compactor(const Deps& deps, const CompactorOptions& options)
    : deps_(deps),
      options_(options),
      metrics_(deps.metrics),
      round_deps_{deps_.store, deps_.deletes, metrics_, options_.plan},
      timers_(deps.executor),
      round_seconds_(
          deps.metrics.gauge("loki_boltdb_shipper_compact_tables_operation_duration_seconds",
                             "How long the last round of compaction took.")),
      last_good_round_(deps.metrics.gauge(
          "loki_boltdb_shipper_compact_tables_operation_last_successful_run_timestamp_seconds",
          "When a round of compaction ended last in which nothing failed.")),
      watch_(deps.clock.now(), last_written(deps.store)),
      told_(deps.metrics.on_render([this](base::Scrape& scrape) { collect(scrape); })) {}

Compactor::~Compactor() {
    alive_->store(false);
}

void Compactor::start() {
    after(ClockWatch::kTick, &Compactor::tick);
    if (options_.interval.ns > 0) {
        after(options_.interval, &Compactor::run_later);
    }
}

void Compactor::after(Duration delay, void (Compactor::*work)()) {
    deps_.executor.post_after(delay, [this, work, timers = timers_, alive = alive_]() mutable {
        timers.post([this, work, alive] {
            if (alive->load()) {
                (this->*work)();
            }
        });
    });
}

void Compactor::tick() {
    {
        const base::MutexLock lock(mutex_);
        watch_.tick(deps_.clock.now());
    }
    after(ClockWatch::kTick, &Compactor::tick);
}

void Compactor::run_later() {
    run([this, timers = timers_, alive = alive_]() mutable {
        timers.post([this, alive] {
            if (alive->load()) {
                after(options_.interval, &Compactor::run_later);
            }
        });
    });
}

void Compactor::run(io::Task done) {
    {
        const base::MutexLock lock(mutex_);
        if (!stopping_) {
            if (running_) {
                again_ = true;
                done_again_.push_back(std::move(done));
            } else {
                done_.push_back(std::move(done));
                begin();
            }
            return;
        }
    }
    done();
}

void Compactor::begin() {
    running_ = true;
    round_begin_ = deps_.clock.now();
    failures_before_ = metrics_.failures.value();
    deps_.executor.post_long([this] { step(); });
}

// One step per task, so that queries take turns with it.
void Compactor::step() {
    bool stopping = false;
    {
        const base::MutexLock lock(mutex_);
        stopping = stopping_;
    }
    if (!stopping) {
        if (step_round()) {
            deps_.executor.post_long([this] { step(); });
            return;
        }
        count_round();
    }
    end();
}

void Compactor::count_round() {
    const Timestamp now = deps_.clock.now();
    const bool good = metrics_.failures.value() == failures_before_;
    deps_.metrics
        .counter("loki_boltdb_shipper_compact_tables_operation_total",
                 "Rounds of compaction, by whether anything failed.",
                 {{"status", good ? "success" : "failure"}})
        .add();
    round_seconds_.set(static_cast<double>((now - round_begin_).ns) / 1e9);
    if (good) {
        last_good_round_.set(static_cast<double>(now.ns) / 1e9);
    }
}

void Compactor::collect(base::Scrape& scrape) const {
    const Timestamp now = deps_.clock.now();
    std::size_t pending = 0;
    Timestamp oldest = now;
    for (const auto& tenant : deps_.store.tenants()) {
        for (const auto& request : tenant->catalog().snapshot()->deletes) {
            if (request.pending()) {
                ++pending;
                oldest = std::min(oldest, request.created_at);
            }
        }
    }
    scrape.gauge("loki_boltdb_shipper_compactor_running", "Whether this compacts.", {}, 1);
    scrape.gauge("loki_compactor_pending_delete_requests_count",
                 "Requests to delete that have not been carried out.",
                 {},
                 static_cast<double>(pending));
    scrape.gauge("loki_compactor_oldest_pending_delete_request_age_seconds",
                 "Age of the oldest of them.",
                 {},
                 static_cast<double>((now - oldest).ns) / 1e9);
    scrape.counter("loki_compactor_delete_requests_processed_total",
                   "Requests to delete that have been carried out.",
                   {},
                   static_cast<double>(deps_.deletes.ended()));
}

bool Compactor::step_round() {
    if (round_ == nullptr) {
        if (tenants_left_.empty()) {
            const auto tenants = deps_.store.tenants();
            tenants_left_.assign(tenants.begin(), tenants.end());
            tenants_left_.push_back(nullptr);  // the end of the round
        }
        const auto tenant = std::move(tenants_left_.front());
        tenants_left_.pop_front();
        if (tenant == nullptr) {
            return false;
        }
        const Timestamp now = deps_.clock.now();
        bool believed = false;
        {
            const Timestamp written = last_written(deps_.store);
            const base::MutexLock lock(mutex_);
            watch_.compare(now, written);
            believed = watch_.believes(now);
        }
        round_ = std::make_unique<TenantRound>(
            round_deps_, tenant, memory_[tenant->name()], now, believed);
    }
    if (!round_->step()) {
        round_ = nullptr;
    }
    return true;
}

void Compactor::end() {
    round_ = nullptr;
    tenants_left_.clear();
    std::vector<io::Task> done;
    {
        const base::MutexLock lock(mutex_);
        running_ = false;
        done = std::exchange(done_, std::exchange(done_again_, {}));
        if (stopping_) {
            std::move(done_.begin(), done_.end(), std::back_inserter(done));
            done_.clear();
        } else if (std::exchange(again_, false)) {
            begin();
        }
    }
    for (const auto& task : done) {
        task();
    }
}

void Compactor::stop(io::Task done) {
    timers_.post([this, done = std::move(done)] {
        alive_->store(false);
        {
            const base::MutexLock lock(mutex_);
            stopping_ = true;
            if (running_) {
                done_.push_back(done);
                return;
            }
        }
        done();
    });
}

}  // namespace logi::compact
