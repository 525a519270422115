#include "cluster/sweeper.h"

#include "base/planted.h"

#include <utility>
#include <vector>

namespace logi::cluster {

StatusOr<int> Sweeper::sweep(ingest::Store& store, ingest::Tenant& tenant) {
    LOGI_ASSIGN_OR_RETURN(const auto removable, tenant.catalog().removable_segments());
    auto& seen = seen_[tenant.name()];
    std::map<std::string, std::int64_t> still;
    std::vector<std::string> removed;
    for (const std::string& key : removable) {
        const auto it = seen.find(key);
        const std::int64_t since = it == seen.end() ? now_ : it->second;
        still[key] = since;
        if (now_ - since < grace_ticks_ && !base::planted(base::Planted::kSweepAtOnce)) {
            continue;
        }
        const Status status = store.bucket().remove(key);
        if (!status.ok() && status.code() != absl::StatusCode::kNotFound) {
            seen = std::move(still);
            return status;
        }
        removed.push_back(key);
    }
    seen = std::move(still);
    LOGI_RETURN_IF_ERROR(tenant.catalog().forget_replaced(removed));
    for (const std::string& key : removed) {
        seen.erase(key);
    }
    store.forget_segments(tenant, removed);
    return static_cast<int>(removed.size());
}

}  // namespace logi::cluster
