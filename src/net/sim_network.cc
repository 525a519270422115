#include "net/sim_network.h"

#include "absl/strings/str_cat.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace logi::net {
namespace {

constexpr Duration kLookPause = Duration::millis(10);  // at the tokens of calls

struct Flight {
    std::string from;
    Call call;
    Answered done;  // null: it has been called
    io::CancelToken there;

    void end(CallAnswer answer, io::CancelToken::Cause cause) {
        there.cancel(cause);
        if (done) {
            std::exchange(done, nullptr)(std::move(answer));
        }
    }
};

}  // namespace

struct SimNetwork::Impl : std::enable_shared_from_this<Impl> {
    Impl(io::Executor& e, io::Random& r, const NetworkFaults& f)
        : executor(e), random(r), faults(f) {}

    bool happens(std::uint32_t per_mille) { return random.below(1000) < per_mille; }

    Duration delay() {
        return Duration{static_cast<std::int64_t>(
            random.below(static_cast<std::uint64_t>(faults.delay_max.ns) + 1))};
    }

    [[nodiscard]] bool is_silent(const std::string& a, const std::string& b) const {
        return hanging.contains(a) || hanging.contains(b) || cuts.contains(std::minmax(a, b));
    }

    void begin(std::string from, Call call, Answered done) {
        ++counts.calls;
        auto flight =
            std::make_shared<Flight>(Flight{std::move(from), std::move(call), std::move(done), {}});
        executor.post_after(flight->call.timeout, [flight] {
            flight->end(absl::DeadlineExceededError("no answer has come in time"),
                        io::CancelToken::Cause::kTimeout);
        });
        watch(flight);
        send(flight);
        if (happens(faults.twice)) {
            ++counts.twice;
            send(flight);
        }
    }

    void watch(const std::shared_ptr<Flight>& flight) {
        executor.post_after(kLookPause, [self = shared_from_this(), flight] {
            if (!flight->done) {
                return;
            }
            if (const Status cancelled = flight->call.cancel.check(); !cancelled.ok()) {
                flight->end(cancelled, io::CancelToken::Cause::kClientGone);
                return;
            }
            self->watch(flight);
        });
    }

    void lose(const std::shared_ptr<Flight>& flight) {
        ++counts.lost;
        if (!happens(faults.noticed)) {
            return;
        }
        executor.post_after(delay(), [flight] {
            flight->end(absl::UnavailableError("the connection broke"),
                        io::CancelToken::Cause::kClientGone);
        });
    }

    void send(const std::shared_ptr<Flight>& flight) {
        if (happens(faults.lost_calls)) {
            lose(flight);
            return;
        }
        const Duration on_the_way = delay();
        executor.post_after(on_the_way, [self = shared_from_this(), flight, on_the_way] {
            self->arrive(flight, on_the_way);
        });
    }

    void arrive(const std::shared_ptr<Flight>& flight, Duration on_the_way) {
        const std::string& to = flight->call.address;
        if (is_silent(flight->from, to)) {
            return;
        }
        const auto it = tables.find(to);
        if (it == tables.end()) {
            flight->end(absl::UnavailableError(absl::StrCat("nobody listens at ", to)),
                        io::CancelToken::Cause::kClientGone);
            return;
        }
        const std::uint64_t life = it->second.second;
        it->second.first->handle(
            {flight->call.method,
             flight->call.message,
             Duration{std::max<std::int64_t>(flight->call.timeout.ns - on_the_way.ns, 1)},
             flight->there},
            [self = shared_from_this(), flight, life](CallAnswer answer) {
                self->go_back(flight, life, std::move(answer));
            });
    }

    // `life`: of the process that answers; another one at its address would not know of the call.
    void go_back(const std::shared_ptr<Flight>& flight, std::uint64_t life, CallAnswer answer) {
        if (happens(faults.lost_answers)) {
            lose(flight);
            return;
        }
        executor.post_after(
            delay(),
            [self = shared_from_this(), flight, life, answer = std::move(answer)]() mutable {
                const std::string& to = flight->call.address;
                const auto it = self->tables.find(to);
                if (it == self->tables.end() || it->second.second != life ||
                    self->is_silent(flight->from, to)) {
                    self->lose(flight);
                    return;
                }
                self->counts.answered += flight->done ? 1U : 0U;
                flight->end(std::move(answer), io::CancelToken::Cause::kClientGone);
            });
    }

    io::Executor& executor;
    io::Random& random;
    const NetworkFaults faults;
    std::map<std::string, std::pair<const CallTable*, std::uint64_t>> tables;
    std::uint64_t lives = 0;
    std::set<std::string> hanging;
    std::set<std::pair<std::string, std::string>> cuts;
    Counts counts;
};

namespace {

class SimCaller final : public Caller {
  public:
    using Begin = std::function<void(Call, Answered)>;
    explicit SimCaller(Begin begin) : begin_(std::move(begin)) {}
    void call(Call call, Answered done) override { begin_(std::move(call), std::move(done)); }

  private:
    const Begin begin_;
};

}  // namespace

SimNetwork::SimNetwork(io::Executor& executor, io::Random& random, const NetworkFaults& faults)
    : impl_(std::make_shared<Impl>(executor, random, faults)) {}

SimNetwork::~SimNetwork() = default;

void SimNetwork::listen(const std::string& address, const CallTable& table) {
    impl_->tables[address] = {&table, ++impl_->lives};
}

void SimNetwork::leave(const std::string& address) {
    impl_->tables.erase(address);
}

void SimNetwork::set_hanging(const std::string& address, bool hangs) {
    if (hangs) {
        impl_->hanging.insert(address);
    } else {
        impl_->hanging.erase(address);
    }
}

void SimNetwork::set_cut(const std::string& a, const std::string& b, bool cut) {
    if (cut) {
        impl_->cuts.insert(std::minmax(a, b));
    } else {
        impl_->cuts.erase(std::minmax(a, b));
    }
}

std::unique_ptr<Caller> SimNetwork::caller(const std::string& address) {
    return std::make_unique<SimCaller>([impl = impl_, address](Call call, Answered done) {
        impl->begin(address, std::move(call), std::move(done));
    });
}

SimNetwork::Counts SimNetwork::counts() const {
    return impl_->counts;
}

}  // namespace logi::net
