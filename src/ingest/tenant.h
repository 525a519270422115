// What the store holds of one tenant: catalog, row of generations, and the state of its limits.
#pragma once

#include "absl/container/flat_hash_map.h"
#include "base/mutex.h"
#include "catalog/catalog.h"
#include "head/generation.h"
#include "ingest/delete_rule.h"
#include "ingest/rate_limit.h"
#include "ingest/validate.h"
#include "journal/journal.h"
#include "model/limits.h"

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace logi::ingest {

// Thread-safe, except where a method says who may call it.
class Tenant {
  public:
    Tenant(std::string name, std::unique_ptr<catalog::Catalog> catalog)
        : name_(std::move(name)), catalog_(std::move(catalog)) {}

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] catalog::Catalog& catalog() { return *catalog_; }
    [[nodiscard]] DeleteRules& delete_rules() { return delete_rules_; }

    // Takes from the tenant's rate, of which this process has `rate_mb` MiB a second. False:
    // nothing of the push may be stored.
    bool take_rate(std::uint64_t bytes, double rate_mb, const Limits& limits, Timestamp now);

    // Removes from `streams` what is over the stream limit or a stream's own rate: a message for
    // each stream, empty after many.
    struct Refused {
        std::string message;
        std::string reason;
        StreamKind kind;
        std::uint64_t lines = 0;
        std::uint64_t bytes = 0;
    };
    std::vector<Refused> admit(std::vector<AcceptedStream>& streams,
                               const Limits& limits,
                               Timestamp now);

    // Adds a durable record to the open generation, which keeps `record` if it is given (the
    // entries point into it) and else copies their bytes. Called in the order of the records.
    // Returns the bytes of memory it took.
    std::uint64_t apply(const std::vector<AcceptedStream>& streams,
                        journal::RecordId id,
                        const std::shared_ptr<const std::string>& record,
                        Timestamp now);

    // Seals the open generation at `to`, if it is of that journal and not empty. Called in the
    // order of the records. Returns it, to be flushed.
    std::shared_ptr<head::Generation> seal(std::uint64_t journal, std::uint64_t to);

    // While journals are replayed: seals the open generation where a delete request was made, if
    // `next` came later. Returns it, or null.
    std::shared_ptr<head::Generation> seal_at_delete(journal::RecordId next);

    // Forgets a generation that was committed. Returns the bytes of memory it took.
    std::uint64_t drop(const std::shared_ptr<head::Generation>& generation);

    // The generations, oldest first.
    [[nodiscard]] std::vector<std::shared_ptr<head::Generation>> generations() const;

    struct StreamCounts {
        std::uint64_t active = 0;   // since what forget_idle_streams() was told last
        std::uint64_t created = 0;  // so far: became active
    };
    [[nodiscard]] StreamCounts stream_counts() const;
    // Forgets streams without entries since `before`, so that they no longer count as active.
    void forget_idle_streams(Timestamp before);

  private:
    struct StreamState {
        TokenBucket rate;
        Timestamp last_entry;
    };

    StreamState* activate(const StreamId& id, const Limits& limits) LOGI_REQUIRES(mutex_);
    std::optional<Refused> take_stream_rate(TokenBucket& rate,
                                            AcceptedStream& stream,
                                            const Limits& limits,
                                            Timestamp now,
                                            bool described) const;

    const std::string name_;
    const std::unique_ptr<catalog::Catalog> catalog_;
    DeleteRules delete_rules_;
    mutable base::Mutex mutex_;
    std::deque<std::shared_ptr<head::Generation>> generations_ LOGI_GUARDED_BY(mutex_);
    // The open one is the last of generations_, or null.
    std::shared_ptr<head::Generation> open_ LOGI_GUARDED_BY(mutex_);
    std::uint64_t open_last_ LOGI_GUARDED_BY(mutex_) = 0;  // position of its last record
    // Per journal, where the next generation begins.
    std::map<std::uint64_t, std::uint64_t> sealed_to_ LOGI_GUARDED_BY(mutex_);
    TokenBucket rate_ LOGI_GUARDED_BY(mutex_);
    absl::flat_hash_map<StreamId, StreamState> active_ LOGI_GUARDED_BY(mutex_);
    std::uint64_t streams_created_ LOGI_GUARDED_BY(mutex_) = 0;
};

}  // namespace logi::ingest
