#include "cluster/sweeper.h"

#include "base/planted.h"

#include <algorithm>
#include <utility>

namespace logi::cluster {

bool Sweeper::is_over(std::int64_t since) const {
    return now_ - since >= grace_ticks_ || base::planted(base::Planted::kSweepAtOnce);
}

StatusOr<int> Sweeper::sweep(ingest::Store& store,
                             ingest::Tenant& tenant,
                             const std::vector<std::uint64_t>& registered) {
    LOGI_ASSIGN_OR_RETURN(const auto removable, tenant.catalog().removable_segments());
    Seen& seen = seen_[tenant.name()];
    std::map<std::string, std::int64_t> still;
    std::vector<std::string> removed;
    for (const std::string& key : removable) {
        const auto it = seen.segments.find(key);
        const std::int64_t since = it == seen.segments.end() ? now_ : it->second;
        still[key] = since;
        if (!is_over(since)) {
            continue;
        }
        const Status status = store.bucket().remove(key);
        if (!status.ok() && status.code() != absl::StatusCode::kNotFound) {
            seen.segments = std::move(still);
            return status;
        }
        removed.push_back(key);
    }
    seen.segments = std::move(still);
    const auto gone = gone_journals(*tenant.catalog().snapshot(), registered, seen);
    LOGI_RETURN_IF_ERROR(tenant.catalog().forget(removed, gone));
    for (const std::string& key : removed) {
        seen.segments.erase(key);
    }
    store.forget_segments(tenant, removed);
    return static_cast<int>(removed.size());
}

// Journals that have been gone for the grace.
std::vector<std::uint64_t> Sweeper::gone_journals(const catalog::Snapshot& snapshot,
                                                  const std::vector<std::uint64_t>& registered,
                                                  Seen& seen) const {
    std::map<std::uint64_t, std::int64_t> still;
    std::vector<std::uint64_t> gone;
    for (const auto& [journal, position] : snapshot.positions) {
        if (std::binary_search(registered.begin(), registered.end(), journal)) {
            continue;
        }
        const auto it = seen.journals.find(journal);
        std::int64_t since = kUnsure;
        if (it != seen.journals.end()) {
            since = it->second == kUnsure ? now_ : it->second;
        }
        still[journal] = since;
        if (since != kUnsure && is_over(since)) {
            gone.push_back(journal);
        }
    }
    seen.journals = std::move(still);
    return gone;
}

}  // namespace logi::cluster
