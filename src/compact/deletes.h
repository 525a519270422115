// Requests to delete entries of a tenant: made, listed, cancelled, and how they come to an end.
//
// A request hides its entries at once. When it can no longer be cancelled it is due: flushes and
// compaction leave its entries out of what they write. It is processed when every journal that was
// there when it was made is in segments, and no segment may hold entries of it any more.
#pragma once

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "base/mutex.h"
#include "ingest/store.h"
#include "io/clock.h"
#include "io/random.h"

#include <atomic>
#include <functional>
#include <string>
#include <vector>

namespace logi::compact {

struct ListedDelete {
    catalog::DeleteRequest request;
    std::string status;  // received, 50% Complete, processed
};

// Thread-safe. The store, clock and random must outlive it. Statuses of errors are kInvalidArgument
// and kNotFound with Loki's text, kResourceExhausted when too many wait, kUnavailable. Over a
// bucket that several processes share any of them may make, list and cancel requests; that asks the
// bucket, so it is done by tasks.
class Deletes {
  public:
    // Of one tenant may wait so many at once: each costs every query something.
    static constexpr std::size_t kPendingMax = 500;
    // So many that are processed are remembered.
    static constexpr std::size_t kProcessedKept = 200;

    // Requests are in every snapshot of the catalog.
    static constexpr std::size_t kQueryBytesMax = 8192;

    Deletes(ingest::Store& store,
            const io::Clock& clock,
            io::Random& random,
            Duration cancel_period)
        : store_(store), clock_(clock), random_(random), cancel_period_(cancel_period) {}

    // Both ends included. `done` with the id: the entries are hidden from then on. What is pushed
    // after that stays, also if it is equal to one that is hidden. Of a tenant that has nothing in
    // the store nothing is remembered.
    void add(const std::string& tenant,
             const std::string& query,
             Timestamp first,
             Timestamp last,
             std::function<void(StatusOr<std::string>)> done);
    // In the order in which they were made.
    [[nodiscard]] StatusOr<std::vector<ListedDelete>> list(const std::string& tenant) const;
    // `force`: also when it is too late for what has been removed by then.
    Status cancel(const std::string& tenant, const std::string& id, bool force);

    // Makes those due that are old enough.
    Status make_due(ingest::Tenant& tenant) const;
    // Ends those that are done.
    Status end_done(ingest::Tenant& tenant) const;
    // How many that has ended.
    [[nodiscard]] std::uint64_t ended() const { return ended_; }

    // Whether a segment may still hold entries of a due request.
    [[nodiscard]] bool may_hold(const std::string& tenant,
                                const catalog::SegmentInfo& segment,
                                const catalog::DeleteRequest& request) const;
    // Somebody looked: it holds nothing of that due request, although it was not written since.
    void note_clean(const std::string& tenant, const std::string& key, const std::string& id);
    // Forgets what was noted of segments that do not live, and of requests that are not due.
    void forget_clean(const std::string& tenant, const catalog::Snapshot& snapshot);

  private:
    // Null if nothing of it is there.
    [[nodiscard]] StatusOr<std::shared_ptr<ingest::Tenant>> find_owner(
        const std::string& tenant) const;
    [[nodiscard]] std::string status_of(const std::string& tenant,
                                        const catalog::DeleteRequest& request,
                                        const catalog::Snapshot& snapshot) const;
    [[nodiscard]] std::string new_id() const;
    StatusOr<std::string> commit(ingest::Tenant& owner, catalog::DeleteRequest request) const;

    ingest::Store& store_;
    const io::Clock& clock_;
    io::Random& random_;
    const Duration cancel_period_;
    mutable std::atomic<std::uint64_t> ended_{0};

    mutable base::Mutex mutex_;
    // By tenant, then by segment: requests of which it holds nothing.
    using CleanSegments = absl::flat_hash_map<std::string, absl::flat_hash_set<std::string>>;
    absl::flat_hash_map<std::string, CleanSegments> clean_ LOGI_GUARDED_BY(mutex_);
};

}  // namespace logi::compact
