// What a tenant has in journals, asked of the processes that write them: one call for each instead
// of a request to the bucket for each object, and of other tenants nothing is loaded.
//
// The order is that of ingest/journal_heads.h: first which journals there are, then what is in
// them, then, by the caller, the tenant's newest snapshot. A writer answers with everything that it
// has acknowledged by then. What it has forgotten is in a snapshot that is there before; it leaves
// out a journal that it does not have as far back as it is asked for, and the bucket is read
// instead.
#pragma once

#include "absl/container/flat_hash_map.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "bucket/bucket.h"
#include "ingest/head_messages.h"
#include "ingest/journal_heads.h"

#include <atomic>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace logi::ingest {

// Thread-safe. Calls wait for the bucket and for other processes; those about the same tenant wait
// for each other, and share what the next one finds.
class WriterHeads {
  public:
    // The bucket must outlive it. Once more than that is held, tenants that were not asked for of
    // late are forgotten; what of a single one has no room is said to be missing. The answers of
    // one round, 16 MiB of each writer, may come on top.
    WriterHeads(bucket::Bucket& bucket,
                AskWriters ask,
                std::uint64_t bytes_max,
                base::Registry& metrics);

    struct Found {
        // As JournalHeads::Found, of the journals whose writers have answered.
        JournalHeads::Found heads;
        std::vector<std::uint64_t> registered;
        std::vector<std::uint64_t> silent;  // of these, nobody has answered
    };
    Found find(const std::string& tenant);

  private:
    struct Journal {
        std::uint64_t loaded = 0;  // number of the last object that is here
        bool damaged = false;
        JournalPieces pieces;
    };
    struct TenantHeads {
        std::atomic<std::uint64_t> begun{0};
        std::atomic<std::uint64_t> bytes{0};
        std::uint64_t used = 0;  // when, of all calls
        base::Mutex mutex;       // held while others are asked
        std::uint64_t finished LOGI_GUARDED_BY(mutex) = 0;
        std::map<std::uint64_t, Journal> journals LOGI_GUARDED_BY(mutex);
        Found found LOGI_GUARDED_BY(mutex);
    };
    std::shared_ptr<TenantHeads> heads_of(const std::string& tenant);
    void refresh(const std::string& tenant, TenantHeads& heads) LOGI_REQUIRES(heads.mutex);
    Status list(TenantHeads& heads) LOGI_REQUIRES(heads.mutex);
    std::set<std::uint64_t> ask(const std::string& tenant, TenantHeads& heads)
        LOGI_REQUIRES(heads.mutex);
    enum class Taken { kAll, kMore, kNoRoom, kNothing };
    Taken take(const HeadPart& part, const std::string& tenant, TenantHeads& heads) const
        LOGI_REQUIRES(heads.mutex);
    static Status load(const HeadPart& part, const std::string& tenant, TenantHeads& heads)
        LOGI_REQUIRES(heads.mutex);
    // Forgets tenants that were not asked for of late, but not this one.
    void make_room(const TenantHeads& spared);

    bucket::Bucket& bucket_;
    const AskWriters ask_;
    const std::uint64_t bytes_max_;
    const base::Counter from_writers_;
    const base::Counter from_bucket_;
    base::Mutex mutex_;
    absl::flat_hash_map<std::string, std::shared_ptr<TenantHeads>> tenants_ LOGI_GUARDED_BY(mutex_);
    std::uint64_t calls_ LOGI_GUARDED_BY(mutex_) = 0;
};

}  // namespace logi::ingest
