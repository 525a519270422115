// A tenant's catalog: numbered immutable snapshots in the bucket, committed with preconditions.
//
// Snapshot N+1 is put with put_if_absent, so of two committers one wins; the loser reads the
// winner's snapshot and tries again only if its precondition still holds.
//
// Of a bucket that several processes share, a catalog knows no more than the newest snapshot that
// it has read: learn() lists for a newer one, and every commit begins and ends with that. A commit
// counts only when the newest snapshot of a listing that was made after it tells of it: an object
// that was put under the number of an old snapshot, which is removed already, does not.
#pragma once

#include "base/mutex.h"
#include "bucket/bucket.h"
#include "catalog/snapshot.h"
#include "io/clock.h"
#include "io/random.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
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
    // Of a shared catalog, which is asked about a journal of which it knows no position: whether it
    // is registered. If not, it has had one that was dropped, as all entries were in segments.
    std::function<StatusOr<bool>()> is_registered = nullptr;
    // By a process that takes pushes: of a shared catalog, only its clock tells when something was
    // written, so that one whose clock is wrong does not come to believe itself.
    bool by_writer = true;
};

// Segments take the place of others, whose entries they hold.
struct ReplaceCommit {
    std::vector<std::string> inputs;
    std::vector<SegmentInfo> outputs;
};

// How a catalog behaves in a bucket that several processes share.
struct SharedOptions {
    // A segment whose name tells of a snapshot further behind is committed no more: it may have
    // been removed as a leftover.
    std::uint64_t behind_max = 256;
    // Behind the newest one.
    std::uint64_t snapshots_kept = 8;
};

// Thread-safe.
class Catalog {
  public:
    // Reads the newest snapshot. A damaged one is logged and set aside; then the one before it
    // counts, together with all segments and delete requests that lie in the tenant's folder
    // (entries that this brings twice are equal, so answers show them once). Otherwise segments
    // that no snapshot names are leftovers of a crash and are removed; but one that was made on the
    // newest snapshot or a later one, and whose journal is not of `journals`, which still exist,
    // was named by a snapshot that has got lost, and counts; and so does one that was merged, when
    // segments that the snapshot names are gone. Bucket, clock and random must outlive the catalog.
    static StatusOr<std::unique_ptr<Catalog>> open(bucket::Bucket& bucket,
                                                   const io::Clock& clock,
                                                   io::Random& random,
                                                   const std::string& tenant,
                                                   const std::vector<std::uint64_t>& journals);

    // The same in a bucket that other processes write to: nothing is removed or taken for lost. But
    // if the newest snapshot is damaged, the one before it counts, with all segments and delete
    // requests that lie in the tenant's folder, as snapshot()->damage says, until the next commit.
    // Positions stay those of the one before, so what it had in segments may be written once more.
    static StatusOr<std::unique_ptr<Catalog>> open_shared(bucket::Bucket& bucket,
                                                          const io::Clock& clock,
                                                          io::Random& random,
                                                          const std::string& tenant,
                                                          const SharedOptions& options);

    // Of a shared catalog: finds the newest snapshot, of the time of the call or later. After an
    // error snapshot() is one that was known before.
    Status learn();

    // Of a shared catalog: segments that no snapshot names and none will name any more, and those
    // that were replaced. Queries that began earlier may still read both.
    StatusOr<std::vector<std::string>> removable_segments();
    // These of the replaced segments are removed, and these journals have been gone for longer than
    // anything that was sent to the bucket can take: their positions are dropped. A snapshot that
    // was put together is made whole.
    Status forget(const std::vector<std::string>& removed,
                  const std::vector<std::uint64_t>& gone_journals);

    // Who holds a snapshot can read the segments that it names; of a shared catalog, for as long
    // as whoever removes them lets it.
    [[nodiscard]] std::shared_ptr<const Snapshot> snapshot() const;

    // The name of the next segment of a commit, made on the present snapshot. Another attempt at
    // the same commit gives the same names, so that none is left behind.
    [[nodiscard]] std::string new_segment_key(const FlushCommit& commit) const;

    // kFailedPrecondition unless the tenant's position in the journal is `from`, or if the journal
    // is gone: then somebody else has committed these entries. kUnavailable: unknown outcome, try
    // again. Of a shared catalog, kAborted: the segments must be made anew, as a delete request
    // cuts the interval, or as too many snapshots have come since.
    Status commit(const FlushCommit& commit);

    // The name of a segment that is merged from others; never the same again.
    [[nodiscard]] std::string new_merged_key() const;

    // kFailedPrecondition if an input is gone: then somebody else has replaced it, and the outputs
    // are removed. After any other error they are removed once it is certain that they do not live.
    // Inputs are removed by remove_retired().
    Status replace(const ReplaceCommit& commit);

    // `edit` changes the requests of the snapshot with the given number; it may be called again on
    // a newer one, and its error is the result. A new request gets that number as made_on, and is
    // durable before it counts.
    using EditDeletes =
        std::function<Status(std::vector<DeleteRequest>& deletes, std::uint64_t number)>;
    Status edit_deletes(const EditDeletes& edit);

    // Removes segments that were replaced, as far as nobody holds a snapshot that names them.
    // Returns how many have to wait.
    std::size_t remove_retired();

    // Folder of all tenants' folders in the bucket.
    static constexpr const char* kTenantsFolder = "tenants";
    // What the keys of a tenant's segments begin with.
    [[nodiscard]] static std::string segments_folder(const std::string& tenant);

  private:
    using Edit = std::function<Status(Snapshot& next)>;
    struct Retired {
        std::string key;
        std::uint64_t replaced_by = 0;  // number of the first snapshot without it
    };

    Catalog(bucket::Bucket& bucket, const io::Clock& clock, io::Random& random, std::string folder);
    Status load(const std::vector<std::uint64_t>& journals);
    [[nodiscard]] bool shared() const { return shared_.has_value(); }
    // `listed` gets the catalog's objects.
    Status learn(std::vector<bucket::ObjectInfo>& listed);
    Status commit_shared(const Edit& edit);
    // The newest snapshot in place of a damaged one.
    StatusOr<Snapshot> recover_shared(const std::vector<bucket::ObjectInfo>& listed,
                                      std::uint64_t newest,
                                      const Status& damage);
    StatusOr<Snapshot> read_snapshot(std::uint64_t number) const;
    void take_learnt(Snapshot found);
    [[nodiscard]] bool may_commit(const std::string& segment, const Snapshot& next) const;
    // The newest snapshot that can be read. `newest` gets the number of the newest one.
    StatusOr<Snapshot> read_newest(std::uint64_t& newest, bool& damaged) const;
    // kAborted: a snapshot has come meanwhile.
    Status load_once(const std::vector<std::uint64_t>& journals);
    Status recover_segments(Snapshot& found,
                            std::uint64_t newest,
                            bool damaged,
                            const std::vector<std::uint64_t>& journals,
                            std::vector<bucket::ObjectInfo>& leftovers);
    Status recover_deletes(Snapshot& found, std::uint64_t newest, bool damaged);
    Status take_next_number(Snapshot& found);
    // Moves from `unnamed` to `leftovers` what no lost snapshot can have named.
    static void pick_leftovers(std::vector<bucket::ObjectInfo>& unnamed,
                               std::uint64_t newest,
                               bool some_gone,
                               const std::vector<std::uint64_t>& journals,
                               std::vector<bucket::ObjectInfo>& leftovers);
    void remove_leftovers(const std::vector<bucket::ObjectInfo>& leftovers);
    // Commits the present snapshot as `edit` changes it.
    Status commit_edit(const Edit& edit);
    Status read_winner(const std::string& key, const std::string& writer, bool& ours);
    void set_snapshot(std::shared_ptr<const Snapshot> next);
    void remove_old_snapshots(std::uint64_t newest);
    void remove_listed_snapshots(const std::vector<bucket::ObjectInfo>& listed);
    [[nodiscard]] std::string snapshot_key(std::uint64_t number) const;
    [[nodiscard]] std::string delete_key(const std::string& id) const;

    bucket::Bucket& bucket_;
    const io::Clock& clock_;
    io::Random& random_;
    const std::string folder_;
    std::optional<SharedOptions> shared_;  // constant after opening
    base::Mutex commit_mutex_;             // one commit at a time; held over I/O of the commit only
    mutable base::Mutex mutex_;
    std::shared_ptr<const Snapshot> snapshot_ LOGI_GUARDED_BY(mutex_);
    // Older snapshots that somebody may still hold, by number.
    std::vector<std::pair<std::uint64_t, std::weak_ptr<const Snapshot>>> superseded_
        LOGI_GUARDED_BY(mutex_);
    std::vector<Retired> retired_ LOGI_GUARDED_BY(mutex_);
    // It is not known whether these succeeded.
    std::vector<ReplaceCommit> doubtful_ LOGI_GUARDED_BY(mutex_);
};

}  // namespace logi::catalog
