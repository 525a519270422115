#include "canary/watch.h"

#include "base/log.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace logi::canary {
namespace {

// Writing, the tail, and four kinds of checks.
constexpr std::size_t kThreads = 6;
// How soon the end is noticed while nothing comes.
constexpr Duration kListenTime = Duration::millis(200);
constexpr Duration kReconnectMin = Duration::millis(500);
constexpr Duration kReconnectMax = Duration::seconds(10);
// Clocks may differ by so much.
constexpr Duration kClockSlack = Duration::seconds(10);
constexpr double kSameCount = 1e-6;

Duration backoff(Duration least, Duration most, std::uint32_t attempt) {
    Duration out = least;
    for (std::uint32_t i = 0; i < attempt && out < most; ++i) {
        out.ns *= 2;
    }
    return std::min(out, most);
}

double seconds(Duration duration) {
    return static_cast<double>(duration.ns) / static_cast<double>(kNanosPerSecond);
}

bool is_worth_a_retry(const Status& status) {
    return absl::IsUnavailable(status) || absl::IsResourceExhausted(status) ||
           absl::IsDeadlineExceeded(status);
}

}  // namespace

Watch::Watch(const Settings& settings,
             const Loki& loki,
             const Metrics& metrics,
             const io::Clock& clock,
             io::Random& random)
    : settings_(settings),
      loki_(loki),
      metrics_(metrics),
      clock_(clock),
      random_(random),
      begin_(clock.now()),
      tail_start_(begin_),
      pool_(kThreads) {
    pool_.post_long([this] { tail(); });
    repeat(begin_ + settings_.prune_interval, settings_.prune_interval, [this] { prune(); });
    repeat(begin_ + settings_.spot_check_query_rate, settings_.spot_check_query_rate, [this] {
        spot_check();
    });
    // Canaries that begin at once do not all count at once.
    const auto period_ns = static_cast<std::uint64_t>(settings_.metric_test_interval.ns);
    const Duration first{static_cast<std::int64_t>(random_.below(period_ns)) + 1};
    repeat(begin_ + first, settings_.metric_test_interval, [this] { metric_test(); });
    repeat(begin_ + settings_.cache_test_interval, settings_.cache_test_interval, [this] {
        cache_test();
    });
}

Watch::~Watch() {
    stopping_ = true;
}

void Watch::run_after(Duration delay, std::function<void()> work) {
    pool_.post_after(delay, [this, work = std::move(work)] {
        if (!stopping_) {
            pool_.post_long(work);
        }
    });
}

void Watch::repeat(Timestamp first, Duration period, std::function<void()> work) {
    const Duration delay{std::max<std::int64_t>((first - clock_.now()).ns, 0)};
    run_after(delay, [this, first, period, work = std::move(work)] {
        work();
        const std::int64_t late_ns = std::max<std::int64_t>((clock_.now() - first).ns, 0);
        repeat(first + Duration{period.ns * (late_ns / period.ns + 1)}, period, work);
    });
}

void Watch::complain(const char* what, const Status& status) {
    base::log_warn(what, {{"error", std::string(message_of(status))}});
}

void Watch::begin_writing() {
    if (!std::exchange(writing_, true)) {
        const Timestamp due = clock_.now() + settings_.interval;
        run_after(settings_.interval, [this, due] { write(due); });
    }
}

Timestamp Watch::make_line(Timestamp now) {
    Timestamp time = now;
    if (random_.below(100) < settings_.out_of_order_percent) {
        const auto span_ns = static_cast<std::uint64_t>(settings_.out_of_order_max.ns -
                                                        settings_.out_of_order_min.ns + 1);
        time = now - settings_.out_of_order_min -
               Duration{static_cast<std::int64_t>(random_.below(span_ns))};
    }
    const base::MutexLock lock(mutex_);
    time = ledger_.write(time, now);
    if (spots_.empty() || time - spots_.back() >= settings_.spot_check_interval) {
        spots_.push_back(time);
    }
    return time;
}

void Watch::write(Timestamp due) {
    const Timestamp time = make_line(clock_.now());
    metrics_.entries.add();
    if (!settings_.push) {
        std::puts(line_text(time, settings_.size_bytes).c_str());
        std::fflush(stdout);
        write_next(due);
        return;
    }
    batch_.push_back(time);
    if (batch_.size() < settings_.batch_size) {
        write_next(due);
    } else {
        send(std::exchange(batch_, {}), 0, due);
    }
}

void Watch::send(std::vector<Timestamp> batch, std::uint32_t attempt, Timestamp due) {
    const Status sent = loki_.push(batch);
    if (sent.ok() || !is_worth_a_retry(sent) || attempt >= settings_.write_retries_max) {
        if (!sent.ok()) {
            metrics_.write_failures.add();
            complain("lines could not be pushed", sent);
        }
        write_next(due);
        return;
    }
    const Duration pause =
        backoff(settings_.write_backoff_min, settings_.write_backoff_max, attempt);
    run_after(pause,
              [this, batch = std::move(batch), attempt, due] { send(batch, attempt + 1, due); });
}

void Watch::write_next(Timestamp due) {
    const Timestamp now = clock_.now();
    const std::int64_t late_ns = std::max<std::int64_t>((now - due).ns, 0);
    const Timestamp next =
        due + Duration{settings_.interval.ns * (late_ns / settings_.interval.ns + 1)};
    run_after(next - now, [this, next] { write(next); });
}

void Watch::tail() {
    const Status ended = follow();
    begin_writing();  // also where nobody listens: that is what is to be seen
    if (stopping_) {
        return;
    }
    complain("the live tail ended", ended);
    metrics_.reconnects.add();
    run_after(backoff(kReconnectMin, kReconnectMax, tail_failures_++), [this] { tail(); });
}

Status Watch::follow() {
    LOGI_ASSIGN_OR_RETURN(const auto socket, loki_.tail(tail_start_));
    begin_writing();
    std::uint64_t pings = 0;
    while (!stopping_) {
        LOGI_ASSIGN_OR_RETURN(const auto event, socket->next(kListenTime));
        metrics_.pings.add(
            static_cast<double>(socket->pings() - std::exchange(pings, socket->pings())));
        if (const auto* close = std::get_if<net::WebSocketClose>(&event)) {
            return absl::UnavailableError("the server closed: " + close->reason);
        }
        if (const auto* json = std::get_if<std::string>(&event)) {
            LOGI_RETURN_IF_ERROR(read_tail(*json));
            tail_failures_ = 0;
        }
    }
    socket->close({net::WebSocketClose::kNormal, ""});
    return absl::OkStatus();
}

Status Watch::read_tail(std::string_view json) {
    LOGI_ASSIGN_OR_RETURN(const Loki::Tailed tailed, Loki::read_message(json));
    metrics_.lost_by_server.add(static_cast<double>(tailed.left_out));
    metrics_.unexpected.add(static_cast<double>(tailed.foreign));
    tail_start_ = std::max(tail_start_, tailed.newest + Duration{1});
    for (const Timestamp time : tailed.times) {
        Received received;
        {
            const base::MutexLock lock(mutex_);
            received = ledger_.receive(time, clock_.now());
        }
        if (received.receipt == Receipt::kDuplicate) {
            metrics_.duplicate.add();
        } else if (received.receipt == Receipt::kUnexpected) {
            metrics_.unexpected.add();
        } else {
            metrics_.response_latency.observe(seconds(received.latency));
        }
        if (received.receipt == Receipt::kOutOfOrder) {
            metrics_.out_of_order.add();
        }
        if (received.receipt != Receipt::kNext) {
            constexpr std::array<const char*, 4> kNames = {
                "", "out of order", "duplicate", "unexpected"};
            base::log_warn("a line came as it should not",
                           {{"how", kNames[static_cast<std::size_t>(received.receipt)]},
                            {"ts", std::to_string(time.ns)}});
        }
    }
    return absl::OkStatus();
}

void Watch::prune() {
    const Timestamp now = clock_.now();
    std::size_t count = 0;
    {
        const base::MutexLock lock(mutex_);
        count = ledger_.give_up(settings_.wait, now);
    }
    if (count > 0) {
        metrics_.websocket_missing.add(static_cast<double>(count));
        base::log_warn("lines are missing on the live tail", {{"lines", std::to_string(count)}});
    }
    ask_for_missing(now);
}

void Watch::ask_for_missing(Timestamp now) {
    Timestamp begin;
    Timestamp end;
    {
        const base::MutexLock lock(mutex_);
        if (ledger_.missing().empty()) {
            return;
        }
        begin = ledger_.missing().begin()->first - kClockSlack;
        end = ledger_.missing().rbegin()->first + kClockSlack;
    }
    const auto found = loki_.lines(begin, end);
    if (!found.ok()) {
        metrics_.query_failures.add();
        complain("missing lines could not be asked for", found.status());
    }
    std::vector<Line> lost;
    {
        const base::MutexLock lock(mutex_);
        for (const Timestamp time : found.ok() ? *found : std::vector<Timestamp>()) {
            ledger_.find(time);
        }
        lost = ledger_.lose(settings_.max_wait, now);
    }
    metrics_.missing.add(static_cast<double>(lost.size()));
    for (const Line& line : lost) {
        base::log_error("a line is missing", {{"ts", std::to_string(line.time.ns)}});
    }
}

void Watch::spot_check() {
    const Timestamp now = clock_.now();
    std::deque<Timestamp> spots;
    {
        const base::MutexLock lock(mutex_);
        while (!spots_.empty() && now - spots_.front() > settings_.spot_check_max) {
            spots_.pop_front();
        }
        spots = spots_;
    }
    for (const Timestamp spot : spots) {
        if (stopping_ || now - spot < settings_.spot_check_initial_wait) {
            continue;
        }
        const Timestamp begin = clock_.now();
        const auto found = loki_.lines(spot - kClockSlack, spot + kClockSlack);
        metrics_.spot_checks.add();
        metrics_.spot_check_duration.observe(seconds(clock_.now() - begin));
        if (!found.ok()) {
            metrics_.query_failures.add();
            complain("a spot check was not answered", found.status());
            return;
        }
        if (!std::binary_search(found->begin(), found->end(), spot)) {
            metrics_.spot_checks_missing.add();
            base::log_error("a kept line is missing", {{"ts", std::to_string(spot.ns)}});
        }
    }
}

void Watch::metric_test() {
    const Timestamp now = clock_.now();
    const Duration range = std::min(settings_.metric_test_range, now - begin_);
    const auto counted = loki_.count(range, now, true);
    metrics_.metric_test_duration.observe(seconds(clock_.now() - now));
    if (!counted.ok()) {
        metrics_.query_failures.add();
        complain("the metric test was not answered", counted.status());
        return;
    }
    const double expected = seconds(range) / seconds(settings_.interval);
    metrics_.metric_test_expected.set(expected);
    metrics_.metric_test_actual.set(*counted);
    metrics_.metric_test_deviation.set(expected - *counted);
}

void Watch::cache_test() {
    const Timestamp at = clock_.now() - settings_.cache_test_now;
    const auto cached = loki_.count(settings_.cache_test_range, at, true);
    const auto fresh = loki_.count(settings_.cache_test_range, at, false);
    if (!cached.ok() || !fresh.ok()) {
        metrics_.query_failures.add();
        complain("the cache test was not answered", cached.ok() ? fresh.status() : cached.status());
        return;
    }
    metrics_.cache_tests.add();
    if (std::abs(*cached - *fresh) > kSameCount) {
        metrics_.cache_tests_different.add();
        base::log_error("a cache changes a count",
                        {{"cached", std::to_string(*cached)}, {"fresh", std::to_string(*fresh)}});
    }
}

}  // namespace logi::canary
