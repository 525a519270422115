#include "query/fair_queue.h"

#include "base/mutex.h"

#include <deque>
#include <set>
#include <unordered_map>

namespace logi::query {
namespace {

// What a task is counted for at most: a clock that jumps ahead costs nobody their turns.
constexpr Duration kTurnMax = Duration::seconds(10);
const std::vector<double> kSecondsBuckets = {
    0.0001, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};

}  // namespace

// All of one tenant, as long as it has requests.
struct FairQueue::Lane {
    struct Waiting {
        io::Task task;
        Timestamp since;
        std::shared_ptr<Request> request;
    };
    std::string tenant;
    std::deque<Waiting> waiting;
    std::size_t requests = 0;
    std::size_t running = 0;
    std::size_t running_max = 1;
    // Time of its tasks so far, on a scale that all lanes share.
    std::int64_t used_ns = 0;
    bool listed = false;  // in `next_lanes`
};

struct FairQueue::State : std::enable_shared_from_this<State> {
    struct LeastUsed {
        bool operator()(const Lane* a, const Lane* b) const {
            return std::tie(a->used_ns, a->tenant) < std::tie(b->used_ns, b->tenant);
        }
    };

    State(io::Executor& e, const io::Clock& c, base::Registry& m, std::size_t max)
        : executor(e),
          clock(c),
          metrics(m),
          requests_max(max),
          seconds(m.histogram("loki_query_scheduler_queue_duration_seconds",
                              "How long requests waited until their reading began.",
                              kSecondsBuckets)) {}

    io::Executor& executor;
    const io::Clock& clock;
    base::Registry& metrics;
    const std::size_t requests_max;
    const base::Histogram seconds;
    base::Mutex mutex;
    std::unordered_map<std::string, std::unique_ptr<Lane>> lanes LOGI_GUARDED_BY(mutex);
    // Those that have tasks to run and may run more.
    std::set<Lane*, LeastUsed> next_lanes LOGI_GUARDED_BY(mutex);
    // The most that a lane had used when its turn came: who comes anew begins there.
    std::int64_t begun_ns LOGI_GUARDED_BY(mutex) = 0;
    // Tasks of ours on the executor, waiting or running. No more than it runs at once: what others
    // post there does not wait behind all of ours.
    std::size_t posted LOGI_GUARDED_BY(mutex) = 0;

    void collect(base::Scrape& scrape);
    bool enter(const std::string& tenant, std::size_t parallelism_max, Lane*& lane);
    void leave(Lane* lane);
    void post(Lane* lane, Lane::Waiting waiting);
    void run_next();
    bool take(Lane*& lane, Lane::Waiting& next);
    void list(Lane& lane) LOGI_REQUIRES(mutex);
    void post_turn() {
        executor.post_long([self = shared_from_this()] { self->run_next(); });
    }
};

class FairQueue::Request final : public io::Executor, public std::enable_shared_from_this<Request> {
  public:
    Request(std::shared_ptr<State> state, Lane* lane) : state_(std::move(state)), lane_(lane) {}
    ~Request() override { state_->leave(lane_); }
    void post(io::Task task) override { state_->executor.post(std::move(task)); }
    void post_long(io::Task task) override {
        state_->post(lane_, {std::move(task), state_->clock.now(), shared_from_this()});
    }
    void post_after(Duration delay, io::Task task) override {
        state_->executor.post_after(delay, std::move(task));
    }
    [[nodiscard]] std::size_t parallelism() const override {
        return state_->executor.parallelism();
    }

    // True once: for the first task.
    bool begin() { return !begun_.exchange(true); }

  private:
    const std::shared_ptr<State> state_;
    Lane* const lane_;  // stays while this is there
    std::atomic<bool> begun_{false};
};

void FairQueue::State::collect(base::Scrape& scrape) {
    scrape.gauge("loki_query_scheduler_connected_querier_clients",
                 "Threads that read.",
                 {},
                 static_cast<double>(executor.parallelism()));
    const base::MutexLock lock(mutex);
    for (const auto& [tenant, lane] : lanes) {
        scrape.gauge("loki_query_scheduler_queue_length",
                     "Pieces of reading that wait.",
                     {{"user", tenant}},
                     static_cast<double>(lane->waiting.size()));
    }
}

bool FairQueue::State::enter(const std::string& tenant, std::size_t parallelism_max, Lane*& lane) {
    const base::MutexLock lock(mutex);
    auto& place = lanes[tenant];
    if (place == nullptr) {
        place = std::make_unique<Lane>(Lane{tenant, {}, 0, 0, 1, begun_ns, false});
    }
    lane = place.get();
    if (requests_max > 0 && lane->requests >= requests_max) {
        return false;
    }
    ++lane->requests;
    lane->running_max = std::max<std::size_t>(parallelism_max, 1);
    return true;
}

// A request is referred to by its tasks, so with the last one nothing waits or runs.
void FairQueue::State::leave(Lane* lane) {
    const base::MutexLock lock(mutex);
    if (--lane->requests == 0) {
        lanes.erase(lane->tenant);
    }
}

void FairQueue::State::list(Lane& lane) {
    if (!lane.listed && !lane.waiting.empty() && lane.running < lane.running_max) {
        if (lane.running == 0) {
            lane.used_ns = std::max(lane.used_ns, begun_ns);  // time without wishes is not saved up
        }
        next_lanes.insert(&lane);
        lane.listed = true;
    }
}

void FairQueue::State::post(Lane* lane, Lane::Waiting waiting) {
    {
        const base::MutexLock lock(mutex);
        lane->waiting.push_back(std::move(waiting));
        list(*lane);
        if (posted >= executor.parallelism()) {
            return;
        }
        ++posted;
    }
    post_turn();
}

bool FairQueue::State::take(Lane*& lane, Lane::Waiting& next) {
    const base::MutexLock lock(mutex);
    if (next_lanes.empty()) {
        --posted;
        return false;
    }
    lane = *next_lanes.begin();
    next_lanes.erase(next_lanes.begin());
    lane->listed = false;
    next = std::move(lane->waiting.front());
    lane->waiting.pop_front();
    ++lane->running;
    begun_ns = std::max(begun_ns, lane->used_ns);
    list(*lane);
    return true;
}

void FairQueue::State::run_next() {
    Lane* lane = nullptr;
    Lane::Waiting next;
    if (!take(lane, next)) {
        return;
    }
    const Timestamp begin = clock.now();
    if (next.request->begin()) {
        seconds.observe(static_cast<double>((begin - next.since).ns) / 1e9);
    }
    next.task();
    next.task = nullptr;
    const std::int64_t used_ns = std::clamp<std::int64_t>((clock.now() - begin).ns, 0, kTurnMax.ns);
    bool more = false;
    {
        const base::MutexLock lock(mutex);
        if (lane->listed) {
            next_lanes.erase(lane);  // its place depends on what it has used
            lane->listed = false;
        }
        lane->used_ns += used_ns;
        --lane->running;
        list(*lane);
        more = !next_lanes.empty();
        posted -= more ? 0 : 1;
    }
    if (more) {
        post_turn();
    }
}

FairQueue::FairQueue(io::Executor& executor,
                     const io::Clock& clock,
                     base::Registry& metrics,
                     std::size_t requests_max)
    : state_(std::make_shared<State>(executor, clock, metrics, requests_max)),
      lengths_(metrics.on_render([state = state_](base::Scrape& s) { state->collect(s); })) {}

FairQueue::~FairQueue() = default;

StatusOr<std::shared_ptr<io::Executor>> FairQueue::enter(const std::string& tenant,
                                                         std::size_t parallelism_max) {
    Lane* lane = nullptr;
    if (!state_->enter(tenant, parallelism_max, lane)) {
        state_->metrics
            .counter("loki_query_scheduler_discarded_requests_total",
                     "Requests refused, as their tenant had too many.",
                     {{"user", tenant}})
            .add();
        return absl::ResourceExhaustedError("too many outstanding requests");
    }
    return std::make_shared<Request>(state_, lane);
}

}  // namespace logi::query
