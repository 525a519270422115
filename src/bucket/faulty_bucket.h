// A bucket behind a network that fails, for tests: requests and replies get lost, writes arrive
// late or twice, listings come in any order. What happens is decided by a seed.
//
// Late writes belong to the network: they arrive also when the process that sent them is dead.
// Not thread-safe.
#pragma once

#include "bucket/bucket.h"
#include "io/clock.h"
#include "io/random.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace logi::bucket {

// Each in a thousand calls.
struct BucketFaults {
    std::uint64_t lost_request = 0;  // nothing happens; kUnavailable
    std::uint64_t lost_reply = 0;    // it happens; kUnavailable
    std::uint64_t late = 0;          // kUnavailable; it happens later, or never
    std::uint64_t twice = 0;         // it happens, and once more later
    std::uint64_t own_exists = 0;    // put_if_absent happens; kAlreadyExists
};

class FaultyNetwork {
  public:
    // `bucket` must outlive the network.
    FaultyNetwork(Bucket& bucket, std::uint64_t seed) : bucket_(bucket), random_(seed) {}

    [[nodiscard]] Bucket& bucket() { return bucket_; }
    [[nodiscard]] bool happens(std::uint64_t per_thousand) {
        return per_thousand > 0 && random_.below(1000) < per_thousand;
    }
    [[nodiscard]] io::SeededRandom& random() { return random_; }
    void send_late(std::function<void(Bucket&)> write);
    // From now on no write is late by more: a server refuses requests that were signed long ago.
    // The clock must outlive the network.
    void limit_lateness(const io::Clock& clock, Duration late_max) {
        clock_ = &clock;
        late_max_ = late_max;
    }
    // Some of the late writes arrive.
    void deliver_some();
    [[nodiscard]] std::uint64_t faults() const { return faults_; }
    void count_fault() { ++faults_; }

  private:
    Bucket& bucket_;
    io::SeededRandom random_;
    struct Late {
        std::function<void(Bucket&)> write;
        Timestamp sent;
    };
    std::vector<Late> late_;
    const io::Clock* clock_ = nullptr;
    Duration late_max_;
    std::uint64_t faults_ = 0;
};

// One process's way to the bucket.
class FaultyBucket final : public Bucket {
  public:
    // Called before and after every call, while the caller waits; may let others work.
    using Wait = std::function<void()>;
    // Decides of a call, before it happens: an error is its result, and nothing happens.
    using Filter = std::function<Status(const std::string& what, const std::string& key)>;

    FaultyBucket(FaultyNetwork& network, BucketFaults faults, Wait wait = {})
        : network_(network), faults_(faults), wait_(std::move(wait)) {}

    void set_faults(const BucketFaults& faults) { faults_ = faults; }
    void set_filter(Filter filter) { filter_ = std::move(filter); }
    // The process is dead: nothing that it asks happens.
    void cut() { cut_ = true; }
    [[nodiscard]] bool is_cut() const { return cut_; }
    [[nodiscard]] std::uint64_t calls() const { return calls_; }

    Status put(const std::string& key, std::string_view data) override;
    Status put_if_absent(const std::string& key, std::string_view data) override;
    StatusOr<std::string> get(const std::string& key) override;
    StatusOr<std::string> get_range(const std::string& key,
                                    std::uint64_t offset,
                                    std::uint64_t length) override;
    StatusOr<std::uint64_t> size(const std::string& key) override;
    StatusOr<std::vector<ObjectInfo>> list(const std::string& prefix) override;
    StatusOr<std::vector<std::string>> list_folders(const std::string& prefix) override;
    Status remove(const std::string& key) override;

  private:
    Status write(const char* what,
                 const std::string& key,
                 const std::function<Status(Bucket&)>& write);
    template <typename Read>
    auto read(const char* what, const std::string& key, const Read& read)
        -> decltype(read(std::declval<Bucket&>()));
    Status begin(const char* what, const std::string& key);
    Status end();

    FaultyNetwork& network_;
    BucketFaults faults_;
    const Wait wait_;
    Filter filter_;
    bool cut_ = false;
    std::uint64_t calls_ = 0;
};

}  // namespace logi::bucket
