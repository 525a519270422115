// The store of one process over a data folder: pushes become journal records, then rows in the
// head, then segments that a catalog names; queries pin what lives.
//
//   data/lock                                    held while a process owns the folder
//   data/journal/<id>.journal                    what is not yet in segments
//   data/bucket/tenants/<tenant>/segments/…      immutable segments, here or in a bucket elsewhere
//   data/bucket/tenants/<tenant>/catalog/…       which segments live
//   data/bucket/tenants/<tenant>/deletes/…       requests to delete that have not ended
//
// Over a bucket that several processes share there is no data folder: the journals are in the
// bucket, too, and queries read those of all processes there.
#pragma once

#include "absl/container/flat_hash_map.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "bucket/bucket.h"
#include "ingest/flush_metrics.h"
#include "ingest/flush_queue.h"
#include "ingest/head_messages.h"
#include "ingest/journal_heads.h"
#include "ingest/segment_cache.h"
#include "ingest/tenant.h"
#include "ingest/tenant_limits.h"
#include "ingest/writer_heads.h"
#include "io/clock.h"
#include "io/executor.h"
#include "io/file_system.h"
#include "io/random.h"
#include "journal/journal.h"
#include "model/entry.h"
#include "model/limits.h"
#include "segment/source.h"
#include "wire/push.h"

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace logi::ingest {

class PushMetrics;

// Hears what a tenant has pushed once it is durable and can be queried, in the order of the
// journal. The entries point into the record. Must take no time.
using OnApplied = std::function<void(const std::string& tenant,
                                     std::shared_ptr<const std::vector<AcceptedStream>> streams,
                                     std::shared_ptr<const std::string> record)>;

// Of a process that shares the bucket with others.
struct SharedStoreOptions {
    // Random, of this run of the process: its journals are known by it. Empty: it takes no pushes.
    std::string writer;
    std::uint64_t journal_bytes_max = 64ULL << 20U;
    // Of the newest objects of its own journals, for processes that ask for them.
    std::uint64_t kept_bytes_max = 128ULL << 20U;
    // Of journals that queries hold in memory.
    std::uint64_t journals_bytes_max = 1ULL << 30U;
    // Of what anybody has taken in, when it is found in the bucket.
    JournalListener listener;
    // Null: what is in journals is read from the bucket.
    AskWriters ask_writers;
    catalog::SharedOptions catalog;
};

struct StoreOptions {
    std::optional<SharedStoreOptions> shared;
    std::string data_dir = "./logi-data";
    Limits limits;  // of tenants that have none of their own
    std::uint64_t journal_file_bytes_max = 128ULL << 20U;
    // Memory of entries that are not yet in segments; pushes beyond it get 503.
    std::uint64_t head_bytes_max = 512ULL << 20U;
    Duration flush_age_max = Duration::minutes(30);
    // Whether limits on how long entries are kept have an effect.
    bool retention_enabled = false;
    OnApplied on_applied;  // of this process's pushes; empty: nobody listens
    // Of a bucket that is far away: what keeps ranges of segments. Called once, with the bucket;
    // empty: segments are read as the bucket has them.
    std::function<std::unique_ptr<bucket::RangeCache>(bucket::Bucket& bucket)> open_ranges;
    // Over how many processes what a tenant pushes is spread: each takes its part of
    // ingestion_rate_mb. Asked for each push, at least 1; empty: there is one process.
    std::function<int()> writers;
    // Called once the folder is locked; empty: the bucket is a folder in it. Of a shared bucket
    // there has to be one.
    std::function<StatusOr<std::unique_ptr<bucket::Bucket>>()> open_bucket;
};

// What a push is answered with: 204, or an error status with Loki's text.
struct PushOutcome {
    int status = 204;
    std::string message;
    // Set with 429 and 503.
    int retry_after_seconds = 0;
    // Entries; of a push that is refused as a whole neither is counted.
    std::uint64_t stored = 0;
    std::uint64_t refused = 0;
};

// A consistent picture of a tenant: every acknowledged entry that is not deleted, not past its
// retention and not older than queries may look back is in exactly one source. Whoever holds a
// source can read it.
struct Pinned {
    std::vector<std::shared_ptr<const segment::Source>> sources;
    // What could not be read, one sentence each: the answer lacks it.
    std::vector<std::string> missing;

    // Of a shared bucket also what other processes need to read the same.
    exec::Hiding hiding;
    std::size_t heads = 0;                       // so many sources are no segments: the first
    std::vector<catalog::SegmentInfo> segments;  // the others
};

// When segments are opened: at once, or when somebody reads them.
enum class Opening { kNow, kLate };

// Of a shared bucket: writers tell what they have acknowledged by then. What a poll of the journals
// has read in the bucket may be more, and who follows that needs all of it.
enum class Heads { kOfWriters, kOfBucket };

// Thread-safe. Everything runs as tasks on the executor.
class Store {
  public:
    // All must outlive the store.
    struct Deps {
        io::Executor& executor;
        io::Clock& clock;
        io::Random& random;
        io::FileSystem& files;
        base::Registry& metrics;
    };

    // Locks the folder and reads what earlier runs left in the journal. kFailedPrecondition if
    // another process has the folder; kInvalidArgument as TenantRules::of().
    static StatusOr<std::unique_ptr<Store>> open(const Deps& deps, StoreOptions options);
    // Only after shutdown(), or when the executor runs no more tasks.
    ~Store();

    // `done` is called once: with 204 when the entries are durable and can be queried.
    void push(const std::string& tenant,
              wire::PushRequest request,
              std::function<void(PushOutcome)> done);

    // Blocks of the range; for reading, so from a task or a request's thread. With matchers, no
    // other streams are there.
    [[nodiscard]] Pinned pin(const std::string& tenant,
                             TimeRange range,
                             const std::vector<Matcher>& only = {},
                             Opening opening = Opening::kNow,
                             Heads from = Heads::kOfWriters);
    // Segments of a tenant that another process has pinned, as much of them as may be seen: of
    // their infos, key and size are looked at. kInvalidArgument: the tenant has no such segments;
    // other errors: one cannot be opened.
    StatusOr<std::vector<std::shared_ptr<const segment::Source>>> open_pinned(
        const std::string& tenant,
        const std::vector<catalog::SegmentInfo>& infos,
        const exec::Hiding& hiding);

    // `done` after everything that was acknowledged before the call is in segments, or with the
    // error when a segment cannot be written; that is tried again later.
    void flush(std::function<void(Status)> done);

    // Refuses new pushes with 503.
    void stop_taking();

    // stop_taking(), and what is not in segments stays in the journal: for the next start.
    void stop(io::Task done);

    // Refuses new pushes with 503, flushes, then calls `done`. After an error, what is not in
    // segments is in the journal.
    void shutdown(std::function<void(Status)> done);

    // Whether other processes work over the same bucket.
    [[nodiscard]] bool shared() const { return options_.shared.has_value(); }
    // Of a shared bucket: finds tenants that came to be since, and the newest snapshots of all.
    Status discover_tenants();
    // Of a shared bucket: finds what the journals have got since, for the listener, as
    // JournalHeads::poll().
    Status poll_journals(bool look) { return heads_->poll(look); }
    // Of a shared bucket: the tenant's newest snapshot, whether this process knows the tenant or
    // not. One that has no snapshot is not remembered.
    StatusOr<std::shared_ptr<Tenant>> learn_tenant(const std::string& name);
    // Of a shared bucket: what this process has of the tenant in its journals, for one that reads.
    [[nodiscard]] HeadAnswer answer_heads(const HeadQuestion& question) const;
    // Of a shared bucket: whether anything of the tenant may be in a journal.
    [[nodiscard]] bool in_journals(const std::string& tenant);
    // Of a shared bucket: writes a sealed generation, which need not be of this process, into
    // segments, unless somebody has. kFailedPrecondition: its beginning is in segments already.
    Status write_generation(const std::shared_ptr<Tenant>& tenant,
                            std::shared_ptr<head::Generation> generation);

    // What limits the tenants; they can be given limits of their own at any time.
    [[nodiscard]] TenantLimits& limits() { return limits_; }
    // What of a tenant's entries is kept at that time; empty: all.
    [[nodiscard]] std::vector<exec::KeepRule> kept(const std::string& tenant, Timestamp now) const;

    // For compaction, which looks after the segments of all tenants.
    [[nodiscard]] bucket::Bucket& bucket() { return *bucket_; }
    [[nodiscard]] std::vector<std::shared_ptr<Tenant>> tenants() const;
    // Null if there is none of that name.
    [[nodiscard]] std::shared_ptr<Tenant> find_tenant(const std::string& name) const;
    StatusOr<std::shared_ptr<Tenant>> tenant(const std::string& name);
    // How far the journals have come, per journal up to which position: everything that was
    // acknowledged before the call has arrived.
    using Arrived = std::map<std::uint64_t, std::uint64_t>;
    // The same of the journals of a shared bucket, as a request to delete has it. Who has learnt a
    // snapshot before, and commits the next one to it, names all journals that are not in segments
    // by that.
    StatusOr<Arrived> arrived_in_bucket();
    // Ends the tenant's open generation there, so that none has entries from before and after it;
    // then `done`, on a task of its own.
    void cut(std::shared_ptr<Tenant> tenant, std::function<void(const Arrived&)> done);
    // The oldest journal that is left; what is older is in segments. UINT64_MAX if there is none.
    [[nodiscard]] std::uint64_t oldest_journal_left() const;
    // Closes that journal if it is open, so that it is flushed and removed.
    void close_journal(std::uint64_t journal);
    // These segments of the tenant live no longer, and others do.
    void forget_segments(Tenant& tenant, const std::vector<std::string>& keys);

  private:
    // A closed journal is removed once no generation of it is left.
    struct JournalState {
        bool closed = false;
        std::uint64_t generations = 0;
        bool leaving = false;  // a timer runs, after which it is removed
    };

    Store(const Deps& deps, StoreOptions options, std::shared_ptr<const TenantRules> defaults);
    Status load();
    void open_ranges();
    Status load_shared();
    struct SharedView {
        std::shared_ptr<Tenant> owner;
        std::shared_ptr<const catalog::Snapshot> snapshot;
    };
    JournalHeads::Found find_heads(const std::string& tenant, Heads from);
    // What is in journals, and then the newest snapshot.
    StatusOr<SharedView> view_shared(const std::string& tenant,
                                     Heads from,
                                     JournalHeads::Found& found);
    StatusOr<std::shared_ptr<Tenant>> learn_tenant(const std::string& name,
                                                   std::shared_ptr<Tenant> owner);
    [[nodiscard]] Pinned pin_shared(const std::string& tenant,
                                    TimeRange range,
                                    const std::vector<Matcher>& only,
                                    Opening opening,
                                    Heads from);
    [[nodiscard]] exec::Hiding hiding_of(Tenant& tenant,
                                         const catalog::Snapshot& snapshot,
                                         const std::vector<Matcher>& only) const;
    static void pin_heads(const std::vector<std::shared_ptr<const JournalPiece>>& pieces,
                          const catalog::Snapshot& snapshot,
                          const exec::Hiding& hiding,
                          Pinned& pinned);
    void pin_segments(const std::shared_ptr<const catalog::Snapshot>& snapshot,
                      TimeRange range,
                      const exec::Hiding& hiding,
                      Opening opening,
                      Pinned& pinned);
    [[nodiscard]] bool is_stopping() const;
    // Why pushes are refused at the moment, or null.
    [[nodiscard]] const char* refusal() const;
    bool limit(Tenant& tenant,
               Validated& v,
               const Limits& limits,
               const PushMetrics& metrics,
               Timestamp now,
               PushOutcome& outcome);
    void append(std::shared_ptr<Tenant> owner,
                Validated validated,
                PushOutcome outcome,
                std::function<void(PushOutcome)> done);
    void limit_open_bytes();
    Status replay(journal::RecordId id, std::string_view payload);
    void apply(const std::shared_ptr<Tenant>& tenant,
               const std::vector<AcceptedStream>& streams,
               journal::RecordId id,
               const std::shared_ptr<const std::string>& record);
    void on_journal_closed(std::uint64_t journal, std::uint64_t last);
    [[nodiscard]] Arrived arrived() const;
    // `reason` as the metric of flushes has it.
    void seal_all(std::uint64_t journal, std::uint64_t to, const char* reason);
    void add_sealed(const std::shared_ptr<Tenant>& tenant,
                    std::shared_ptr<head::Generation> generation,
                    const char* reason);
    void collect(base::Scrape& scrape) const;
    Status flush_job(const FlushQueue::Job& job);
    Status flush_generation(const FlushQueue::Job& job);
    Status flush_once(const FlushQueue::Job& job);
    // Of a shared bucket: where a sealed generation must not be written in one, in order; its end
    // is the last.
    [[nodiscard]] static std::vector<std::uint64_t> parts_of(const catalog::Snapshot& snapshot,
                                                             const head::Generation& generation);
    Status flush_parts(const FlushQueue::Job& job, const std::vector<std::uint64_t>& ends);
    // What of a generation is deleted for good, so that it need not be written.
    struct Deleted {
        head::HiddenRows rows;
        std::uint64_t applied_on = 0;  // as in catalog::SegmentInfo
    };
    Deleted deleted_of(const FlushQueue::Job& job);
    void remove_closed_journals();
    void remove_journal(std::uint64_t journal);
    void count_segments(Tenant& tenant);
    void tick_later();
    void tick();
    [[nodiscard]] std::uint64_t oldest_journal() const;

    Deps deps_;
    const StoreOptions options_;
    TenantLimits limits_;
    std::unique_ptr<io::FileLock> lock_;
    std::unique_ptr<bucket::Bucket> bucket_;
    SegmentCache segments_;
    std::vector<std::uint64_t> journals_found_;  // left by earlier runs
    std::unique_ptr<journal::Journal> journal_;
    std::unique_ptr<JournalHeads> heads_;        // of a shared bucket
    std::unique_ptr<WriterHeads> writer_heads_;  // null: the writers are not asked
    FlushQueue flushes_waiting_;

    mutable base::Mutex mutex_;
    absl::flat_hash_map<std::string, std::shared_ptr<Tenant>> tenants_ LOGI_GUARDED_BY(mutex_);
    std::map<std::uint64_t, JournalState> journals_ LOGI_GUARDED_BY(mutex_);
    absl::flat_hash_map<std::string, std::size_t> segments_of_ LOGI_GUARDED_BY(mutex_);
    std::size_t segments_count_ LOGI_GUARDED_BY(mutex_) = 0;  // of all tenants
    std::uint64_t applied_journal_ LOGI_GUARDED_BY(mutex_) = 0;
    std::uint64_t applied_position_ LOGI_GUARDED_BY(mutex_) = 0;
    std::uint64_t last_earlier_journal_ LOGI_GUARDED_BY(mutex_) = 0;  // of earlier runs
    std::uint64_t head_bytes_ LOGI_GUARDED_BY(mutex_) = 0;
    std::uint64_t open_bytes_ LOGI_GUARDED_BY(mutex_) = 0;  // of head_bytes_, the open journal's
    bool rotating_ LOGI_GUARDED_BY(mutex_) = false;         // the open journal is being closed
    bool stopping_ LOGI_GUARDED_BY(mutex_) = false;

    base::Gauge head_bytes_gauge_;
    base::Gauge streams_gauge_;
    base::Gauge segments_gauge_;
    FlushMetrics flush_metrics_;
    base::Counter recovered_entries_;
    // Why the journal is closed that is being closed.
    std::atomic<bool> rotating_for_age_{false};
    std::shared_ptr<const void> metrics_;  // told as long as it lives
};

}  // namespace logi::ingest
