// Delete requests, compiled.
#pragma once

#include "base/mutex.h"
#include "catalog/snapshot.h"
#include "exec/visible_source.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace logi::ingest {

// kInvalidArgument if the query of the request is none of a log's.
StatusOr<std::shared_ptr<const exec::HideRule>> compile_delete(
    const catalog::DeleteRequest& request);

// Of rules those that cover entries of a journal which are in no segment yet, where processes share
// the bucket: a journal that a request does not name came later, or is in segments.
[[nodiscard]] std::vector<std::shared_ptr<const exec::HideRule>> rules_of_head(
    const std::vector<std::shared_ptr<const exec::HideRule>>& rules, std::uint64_t journal);

// Those of a tenant, each compiled once. Thread-safe.
class DeleteRules {
  public:
    using Rules = std::vector<std::shared_ptr<const exec::HideRule>>;
    struct OfSnapshot {
        std::map<std::string, std::shared_ptr<const exec::HideRule>> by_id;  // pending ones
        Rules pending;  // of the requests that hide entries
        Rules due;      // of those that flushes and compaction apply
        // Requests that cannot be compiled, as a newer version may have taken them: they have no
        // effect, and must not come to an end.
        std::vector<std::string> broken;
    };
    [[nodiscard]] std::shared_ptr<const OfSnapshot> of(const catalog::Snapshot& snapshot);

  private:
    base::Mutex mutex_;
    // Null if it could not be compiled.
    std::map<std::string, std::shared_ptr<const exec::HideRule>> compiled_ LOGI_GUARDED_BY(mutex_);
    std::uint64_t newest_ LOGI_GUARDED_BY(mutex_) = 0;  // number of the snapshot of newest_rules_
    std::shared_ptr<const OfSnapshot> newest_rules_ LOGI_GUARDED_BY(mutex_);
};

}  // namespace logi::ingest
