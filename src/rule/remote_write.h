// Recorded samples on their way to a Prometheus: first into a queue on disk, then in its order over
// the network. What was taken is not lost with the process; what the queue has no room for is.
//
//   queue/<tenant>/<client>/<number>    in the bucket of queues
#pragma once

#include "base/metrics.h"
#include "base/mutex.h"
#include "bucket/bucket.h"
#include "io/executor.h"
#include "model/ruler_limits.h"
#include "relabel/relabel.h"
#include "rule/outgoing.h"
#include "rule/recording.h"

#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace logi::rule {

inline constexpr const char* kQueueFolder = "queue";

// To one address, of one tenant. Thread-safe.
class RemoteWrite : public std::enable_shared_from_this<RemoteWrite> {
  public:
    struct Deps {
        io::Executor& executor;  // its tasks may block for as long as the timeout of a request
        bucket::Bucket& queues;
        base::Registry& metrics;
    };
    struct Options {
        std::string tenant;
        std::string client;  // its id
        RemoteWriteClient config;
        bool org_id_header = true;
        std::uint64_t queue_bytes_max = 256ULL << 20U;  // the oldest are dropped
    };
    // Goes on with what an earlier run left in the queue. kInvalidArgument for an address, a file
    // of TLS or a rule that cannot be used; kUnavailable: the queue.
    static StatusOr<std::shared_ptr<RemoteWrite>> make(const Deps& deps, Options options);

    // Durable when OK. Asks the disk, so from a task.
    Status append(const std::vector<RecordedSample>& samples);
    // Nothing more is sent; what waits stays.
    void stop();

  private:
    struct Held {
        std::uint64_t number = 0;
        std::uint64_t bytes = 0;
    };
    struct Batch {
        std::vector<Held> held;
        std::vector<RecordedSample> samples;
    };
    enum class Outcome { kDone, kRefused, kLater };

    RemoteWrite(const Deps& deps, Options options);
    [[nodiscard]] std::string key_of(std::uint64_t number) const;
    Status put(const std::vector<RecordedSample>& samples);
    void start();
    void work();
    Batch oldest();
    Outcome send(const std::vector<RecordedSample>& samples, Duration& retry_after);
    void remove(const std::vector<Held>& held);
    void drop_oldest();
    base::Counter counter(const char* name, const char* help) const;

    const Deps deps_;
    const Options options_;
    const std::string folder_;
    std::vector<RelabelRule> relabel_;
    std::unique_ptr<OutgoingClient> client_;  // touched by the task that works
    Duration backoff_;                        // the same
    const base::Counter appended_;
    const base::Counter sent_;
    const base::Counter failed_;
    const base::Counter dropped_;
    const base::Counter retried_;
    const base::Gauge pending_bytes_;

    base::Mutex mutex_;
    std::deque<Held> held_ LOGI_GUARDED_BY(mutex_);  // oldest first
    std::uint64_t bytes_ LOGI_GUARDED_BY(mutex_) = 0;
    std::uint64_t next_number_ LOGI_GUARDED_BY(mutex_) = 1;
    bool working_ LOGI_GUARDED_BY(mutex_) = false;
    bool stopped_ LOGI_GUARDED_BY(mutex_) = false;
};

}  // namespace logi::rule
