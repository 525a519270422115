// Delete requests, compiled.
#pragma once

#include "base/mutex.h"
#include "catalog/snapshot.h"
#include "exec/visible_source.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace logi::ingest {

// kInvalidArgument if the query of the request is none of a log's.
StatusOr<std::shared_ptr<const exec::HideRule>> compile_delete(
    const catalog::DeleteRequest& request);

// Those of a tenant, each compiled once. Thread-safe.
class DeleteRules {
  public:
    using Rules = std::vector<std::shared_ptr<const exec::HideRule>>;
    // Of the requests that hide entries.
    Rules pending(const catalog::Snapshot& snapshot);
    // Of those that compaction applies.
    Rules due(const catalog::Snapshot& snapshot);

  private:
    template <typename Wanted>
    Rules rules_of(const catalog::Snapshot& snapshot, Wanted wanted);

    base::Mutex mutex_;
    std::map<std::string, std::shared_ptr<const exec::HideRule>> compiled_ LOGI_GUARDED_BY(mutex_);
};

}  // namespace logi::ingest
