// A tenant's catalog: numbered immutable snapshots in the bucket, committed with preconditions.
//
// Snapshot N+1 is put with put_if_absent, so of two committers one wins; the loser reads the
// winner's snapshot and tries again only if its precondition still holds.
#pragma once

#include "base/mutex.h"
#include "bucket/bucket.h"
#include "catalog/snapshot.h"
#include "io/random.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace logi::catalog {

// The segments of one generation: a tenant's entries of a journal in (from, to].
struct FlushCommit {
    std::uint64_t journal = 0;
    std::uint64_t from = 0;
    std::uint64_t to = 0;
    std::vector<SegmentInfo> segments;
    // Positions of journals before this one are dropped: those journals are gone.
    std::uint64_t oldest_journal = 0;
};

// Thread-safe.
class Catalog {
  public:
    // Reads the newest snapshot. A damaged one is logged and set aside; then the one before it
    // counts, together with all segments that lie in the tenant's folder (entries that this brings
    // twice are equal, so answers show them once). Otherwise segments that no snapshot names are
    // leftovers of a crash and are removed. The bucket and random must outlive the catalog.
    static StatusOr<std::unique_ptr<Catalog>> open(bucket::Bucket& bucket,
                                                   io::Random& random,
                                                   const std::string& tenant);

    [[nodiscard]] std::shared_ptr<const Snapshot> snapshot() const;

    // A name for a new segment, made on the present snapshot.
    [[nodiscard]] std::string new_segment_key();

    // kFailedPrecondition unless the tenant's position in the journal is `from`: then somebody
    // else has committed these entries. kUnavailable: unknown outcome, try again.
    Status commit(const FlushCommit& commit);

    // Folder of all tenants' folders in the bucket.
    static constexpr const char* kTenantsFolder = "tenants";

  private:
    Catalog(bucket::Bucket& bucket, io::Random& random, std::string folder);
    Status load();
    Status adopt_segments(Snapshot& snapshot);
    void sweep_segments(const Snapshot& snapshot);
    void remove_old_snapshots(std::uint64_t newest);
    [[nodiscard]] std::string snapshot_key(std::uint64_t number) const;

    bucket::Bucket& bucket_;
    io::Random& random_;
    const std::string folder_;
    base::Mutex commit_mutex_;  // one commit at a time; held over I/O of the commit only
    mutable base::Mutex mutex_;
    std::shared_ptr<const Snapshot> snapshot_ LOGI_GUARDED_BY(mutex_);
};

}  // namespace logi::catalog
