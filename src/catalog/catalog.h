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
    // leftovers of a crash and are removed; but one that was made on the newest snapshot or a later
    // one, and whose journal is not of `journals`, which still exist, was named by a snapshot that
    // has got lost, and counts. The bucket and random must outlive the catalog.
    static StatusOr<std::unique_ptr<Catalog>> open(bucket::Bucket& bucket,
                                                   io::Random& random,
                                                   const std::string& tenant,
                                                   const std::vector<std::uint64_t>& journals);

    [[nodiscard]] std::shared_ptr<const Snapshot> snapshot() const;

    // The name of the next segment of a commit, made on the present snapshot. Another attempt at
    // the same commit gives the same names, so that none is left behind.
    [[nodiscard]] std::string new_segment_key(const FlushCommit& commit) const;

    // kFailedPrecondition unless the tenant's position in the journal is `from`: then somebody
    // else has committed these entries. kUnavailable: unknown outcome, try again.
    Status commit(const FlushCommit& commit);

    // Folder of all tenants' folders in the bucket.
    static constexpr const char* kTenantsFolder = "tenants";

  private:
    Catalog(bucket::Bucket& bucket, io::Random& random, std::string folder);
    Status load(const std::vector<std::uint64_t>& journals);
    // Segments in the folder that the snapshot does not name.
    StatusOr<std::vector<bucket::ObjectInfo>> unnamed_segments(const Snapshot& snapshot) const;
    // Removes leftovers from `unnamed`, and from the bucket.
    void sweep_leftovers(std::vector<bucket::ObjectInfo>& unnamed,
                         std::uint64_t newest,
                         const std::vector<std::uint64_t>& journals);
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
