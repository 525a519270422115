// What is in the journals of all processes that share a bucket, and may be in no segment yet: read
// from the bucket itself, whose objects never change, where the writers cannot be asked
// (ingest/writer_heads.h), and for who follows.
//
// Which journals there are is asked first, then their objects. Who asks then for the tenant's
// newest snapshot has everything that was acknowledged before: an object is removed only when a
// listing has shown the snapshots that have its entries in segments.
#pragma once

#include "absl/container/flat_hash_map.h"
#include "base/mutex.h"
#include "bucket/bucket.h"
#include "head/generation.h"
#include "ingest/validate.h"
#include "journal/journal_object.h"
#include "segment/source.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace logi::ingest {

// A tenant's records of some objects of a journal that follow each other. Thread-safe.
class JournalPiece {
  public:
    explicit JournalPiece(std::uint64_t journal) : journal_(journal), rows_(journal, 0) {}

    [[nodiscard]] std::uint64_t journal() const { return journal_; }
    // Position of its last record.
    [[nodiscard]] std::uint64_t last() const;
    [[nodiscard]] bool full() const;
    // kDataLoss if a record is damaged; those before it are there. One caller at a time. Returns
    // the bytes of memory it took.
    StatusOr<std::uint64_t> append(std::uint64_t object, const journal::TenantRecords& records);
    [[nodiscard]] std::uint64_t memory_bytes() const;
    // Its entries after a position, and up to another; null if there are none.
    [[nodiscard]] std::shared_ptr<const segment::BlockHolder> between(std::uint64_t from,
                                                                      std::uint64_t to) const;

  private:
    struct Record {
        std::uint64_t position = 0;
        std::string_view payload;
        std::shared_ptr<const std::string> bytes;
    };
    static Status add(head::Generation& rows, const Record& record);

    const std::uint64_t journal_;
    head::Generation rows_;
    mutable base::Mutex mutex_;
    std::vector<Record> records_ LOGI_GUARDED_BY(mutex_);
    std::uint64_t objects_ LOGI_GUARDED_BY(mutex_) = 0;
    mutable std::shared_ptr<const segment::BlockHolder> view_ LOGI_GUARDED_BY(mutex_);
};

using JournalPieces = std::vector<std::shared_ptr<JournalPiece>>;

// JournalPiece::append() to the last of them, or to a new one.
StatusOr<std::uint64_t> append_records(JournalPieces& pieces,
                                       std::uint64_t journal,
                                       std::uint64_t object,
                                       const journal::TenantRecords& records);

// Hears of entries as they are found in the bucket, those of one journal in their order, each once.
struct JournalListener {
    // Whether it wants to hear of a tenant; empty: of none.
    std::function<bool(const std::string& tenant)> wants;
    // The entries point into `bytes`. Must take no time.
    std::function<void(const std::string& tenant,
                       std::shared_ptr<const std::vector<AcceptedStream>> streams,
                       std::shared_ptr<const std::string> bytes)>
        found;
};

// Thread-safe. Calls ask the bucket, one at a time; those that wait share what the next one finds.
class JournalHeads {
  public:
    // The bucket must outlive it. Of journals not more is held than that.
    JournalHeads(bucket::Bucket& bucket, std::uint64_t bytes_max, JournalListener listener)
        : bucket_(bucket), bytes_max_(bytes_max), listener_(std::move(listener)) {}

    // Reads what has come since with few requests: of each journal that is known the next object is
    // asked for, until there is none; with `look`, which journals there are, too.
    Status poll(bool look);

    struct Found {
        std::vector<std::shared_ptr<const JournalPiece>> pieces;
        std::vector<std::string> missing;  // what could not be read, one sentence each
        // Else some may be of journals that have been gone for long.
        bool all_registered = true;
    };
    // Everything of the tenant's that was acknowledged before the call, and is not in segments by
    // the newest snapshot of after the call; and some of what is.
    Found find(const std::string& tenant);
    // How many journals it has come to know.
    [[nodiscard]] std::uint64_t known() const { return known_.load(); }
    struct Listed {
        std::vector<std::uint64_t> registered;
        std::uint64_t known_before = 0;  // known() before the listing
    };
    // The same of some of the journals that are registered, by a listing before the call. A poll
    // may know later ones, which stay.
    Found find_in(const std::string& tenant,
                  const Listed& listed,
                  const std::vector<std::uint64_t>& journals);

  private:
    struct Damage {
        std::string tenant;  // "": of which it is, is not known
        std::string why;
    };
    struct JournalState {
        std::uint64_t since = 0;   // known() when it came to be known
        std::uint64_t loaded = 0;  // number of the last object that was read
        bool sealed = false;
        std::multimap<std::uint64_t, Damage> damaged;  // by number of the object
        absl::flat_hash_map<std::string, JournalPieces> pieces;
    };
    void refresh() LOGI_REQUIRES(mutex_);
    // What cannot be read is a sentence in `missing`.
    void load_to_end(std::uint64_t journal, std::vector<std::string>& missing)
        LOGI_REQUIRES(mutex_);
    static void collect(const std::string& tenant, const JournalState& state, Found& found);
    Status load(std::uint64_t journal, JournalState& state) LOGI_REQUIRES(mutex_);
    // kAborted: what is listed is being removed; ask again.
    Status load_listed(std::uint64_t journal,
                       const std::vector<std::uint64_t>& numbers,
                       JournalState& state) LOGI_REQUIRES(mutex_);
    void keep_only(const Listed& listed) LOGI_REQUIRES(mutex_);
    JournalState& state_of(std::uint64_t journal) LOGI_REQUIRES(mutex_);
    Status look_for_journals() LOGI_REQUIRES(mutex_);
    Status load_next(std::uint64_t journal, JournalState& state) LOGI_REQUIRES(mutex_);
    Status load_object(std::uint64_t journal, std::uint64_t number, JournalState& state)
        LOGI_REQUIRES(mutex_);
    void tell(const std::string& tenant, const journal::TenantRecords& records) const;
    void add(const journal::JournalObject& object, JournalState& state) LOGI_REQUIRES(mutex_);
    void forget_removed(std::uint64_t first_left, JournalState& state) LOGI_REQUIRES(mutex_);
    void forget(const JournalState& state) LOGI_REQUIRES(mutex_);

    bucket::Bucket& bucket_;
    const std::uint64_t bytes_max_;
    const JournalListener listener_;
    std::atomic<std::uint64_t> begun_{0};  // so many times the bucket was asked
    std::atomic<std::uint64_t> known_{0};
    mutable base::Mutex mutex_;  // held while the bucket is asked
    std::uint64_t finished_ LOGI_GUARDED_BY(mutex_) = 0;
    std::map<std::uint64_t, JournalState> journals_ LOGI_GUARDED_BY(mutex_);
    std::uint64_t bytes_ LOGI_GUARDED_BY(mutex_) = 0;
    std::vector<std::string> missing_ LOGI_GUARDED_BY(mutex_);
    bool all_registered_ LOGI_GUARDED_BY(mutex_) = true;
};

}  // namespace logi::ingest
