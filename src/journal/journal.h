// The local journal: a push is acknowledged when its record is durable here.
//
// Records go to the current file; one write and one fdatasync serve all that wait (group commit).
// Each file is a journal of its own with an id greater than any before; positions count its records
// from 1. A failed or short write, or a failed sync, poisons the current file: its waiting records
// are refused, nothing more is acknowledged from it, and the next records begin a new file.
#pragma once

#include "base/metrics.h"
#include "base/mutex.h"
#include "io/clock.h"
#include "io/executor.h"
#include "io/file_system.h"
#include "io/random.h"
#include "journal/journal_format.h"
#include "journal/kept_objects.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace logi::journal {

struct RecordId {
    std::uint64_t journal = 0;
    std::uint64_t position = 0;
};

// What both kinds of journals are to a store. Thread-safe.
class Journal {
  public:
    virtual ~Journal() = default;
    // `done` is called in the order of the records, after the record is durable, with its id; or
    // with kUnavailable if it is not known to be. kResourceExhausted at once when too much waits.
    virtual void append(const std::string& tenant,
                        std::shared_ptr<const std::string> payload,
                        std::function<void(StatusOr<RecordId>)> done) = 0;
    // Runs `task` after the callbacks of all records that are durable by then, in their order.
    virtual void post_in_order(io::Task task) = 0;
    // Closes the current journal, if it has records, so that on_closed follows.
    virtual void rotate() = 0;
    // Removes a closed journal, all entries of which are in segments.
    virtual Status remove(std::uint64_t journal) = 0;
    // Age of the current journal's first record in nanoseconds; 0 when it has none.
    [[nodiscard]] virtual Duration age() const = 0;
    // Of a journal of its own that is in the bucket: KeptObjects::after(), with everything that is
    // acknowledged by now.
    [[nodiscard]] virtual StatusOr<KeptObjects::Objects> objects_after(
        std::uint64_t /*journal*/, std::uint64_t /*after*/) const {
        return absl::NotFoundError("this process writes no journals to the bucket");
    }
};

// What is called in the order of the records, one at a time, never under a lock.
struct JournalEvents {
    // The journal takes no more records; `last` is its last durable position.
    std::function<void(std::uint64_t journal, std::uint64_t last)> on_closed;
};

// Called with each record found at open, in order of arrival. An error stops the opening.
using ReplayFn = std::function<Status(RecordId id, std::string_view payload)>;

class LocalJournal final : public Journal {
  public:
    // Must outlive the journal.
    struct Deps {
        io::Executor& executor;
        io::FileSystem& files;
        const io::Clock& clock;
        io::Random& random;
        base::Registry& metrics;
    };
    struct Options {
        std::string dir;
        std::uint64_t file_bytes_max = 128ULL << 20U;  // a file is closed once it is larger
        // New journals get ids above this one: the catalogs remember positions in it even when its
        // file is gone, and the clock may have been set back.
        std::uint64_t ids_after = 0;
        std::uint64_t pending_bytes_max = 256ULL << 20U;  // appended, not yet durable
    };
    using Events = JournalEvents;

    // The journals in a folder, oldest first; none if there is no folder.
    static StatusOr<std::vector<std::uint64_t>> list(io::FileSystem& files, const std::string& dir);
    // Where one of them is.
    [[nodiscard]] static std::string path_in(const std::string& dir, std::uint64_t journal);

    // Reads what earlier runs left behind, syncs it, and hands every record to `replay`. Damage is
    // logged with file and offset and never stops the opening. kUnavailable on I/O errors.
    static StatusOr<std::unique_ptr<LocalJournal>> open(const Deps& deps,
                                                        const Options& options,
                                                        const ReplayFn& replay,
                                                        Events events);

    // Journals that open() found, oldest first, with the last position read from each.
    [[nodiscard]] const std::vector<RecordId>& recovered() const { return recovered_; }

    void append(std::shared_ptr<const std::string> payload,
                std::function<void(StatusOr<RecordId>)> done);
    void append(const std::string& /*tenant*/,
                std::shared_ptr<const std::string> payload,
                std::function<void(StatusOr<RecordId>)> done) override {
        append(std::move(payload), std::move(done));
    }
    void append(std::string payload, std::function<void(StatusOr<RecordId>)> done) {
        append(std::make_shared<const std::string>(std::move(payload)), std::move(done));
    }

    void post_in_order(io::Task task) override;
    void rotate() override;
    // A damaged file is kept beside as *.damaged.
    Status remove(std::uint64_t journal) override;
    [[nodiscard]] Duration age() const override;

  private:
    struct Pending {
        std::shared_ptr<const std::string> payload;
        std::function<void(StatusOr<RecordId>)> done;
    };

    LocalJournal(const Deps& deps, Options options, Events events);
    Status recover(const ReplayFn& replay);
    Status recover_file(std::uint64_t id,
                        const std::uint64_t* durable_bytes,
                        const ReplayFn& replay);
    void commit();
    Status open_file();
    StatusOr<std::uint64_t> write_batch(const std::vector<Pending>& batch);
    void close_current();
    [[nodiscard]] std::string path(std::uint64_t journal) const;

    Deps deps_;
    Options options_;
    Events events_;
    std::vector<RecordId> recovered_;
    std::uint64_t last_id_ = 0;      // the greatest ever used
    std::uint64_t previous_id_ = 0;  // of the file before the next one
    std::uint64_t previous_bytes_ = 0;

    // Touched on the commit strand only.
    std::unique_ptr<io::WritableFile> file_;
    FileHeader header_;
    std::uint64_t file_bytes_ = 0;
    std::uint64_t position_ = 0;

    mutable base::Mutex mutex_;
    std::vector<Pending> pending_ LOGI_GUARDED_BY(mutex_);
    std::uint64_t pending_bytes_ LOGI_GUARDED_BY(mutex_) = 0;
    bool commit_posted_ LOGI_GUARDED_BY(mutex_) = false;
    std::vector<std::uint64_t> damaged_ LOGI_GUARDED_BY(mutex_);
    Timestamp first_record_ LOGI_GUARDED_BY(mutex_);

    base::Counter syncs_;
    base::Counter sync_failures_;
    base::Counter bytes_;
    base::Counter records_;
    base::Counter damages_;
    base::Histogram sync_seconds_;

    io::Strand commit_strand_;
    io::Strand deliver_strand_;
};

}  // namespace logi::journal
