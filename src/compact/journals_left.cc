#include "compact/journals_left.h"

#include "base/planted.h"
#include "ingest/journal_rows.h"
#include "journal/registry.h"

#include <algorithm>

namespace logi::compact {
namespace {

// How far each journal has to be in segments for all requests that are due.
std::map<std::uint64_t, std::uint64_t> needed(const catalog::Snapshot& snapshot) {
    std::map<std::uint64_t, std::uint64_t> positions;
    for (const auto& request : snapshot.deletes) {
        if (request.due()) {
            for (const auto& [journal, position] : request.arrived) {
                std::uint64_t& most = positions[journal];
                most = std::max(most, position);
            }
        }
    }
    return positions;
}

}  // namespace

bool JournalsLeft::has_passed(const catalog::DeleteRequest& request,
                              const catalog::Snapshot& snapshot) const {
    if (!shared_) {
        return request.arrived.empty() || oldest_ > request.arrived.rbegin()->first;
    }
    return base::planted(base::Planted::kDeleteForgetsJournals) ||
           std::all_of(request.arrived.begin(), request.arrived.end(), [&](const auto& item) {
               const auto& [journal, position] = item;
               const auto empty_to = empty_to_.find(journal);
               return position <= snapshot.position(journal) ||
                      !std::binary_search(registered_.begin(), registered_.end(), journal) ||
                      (empty_to != empty_to_.end() && position <= empty_to->second);
           });
}

StatusOr<JournalsLeft> JournalsLeft::look(ingest::Store& store, ingest::Tenant& tenant) {
    JournalsLeft left;
    left.shared_ = store.shared();
    if (!left.shared_) {
        left.oldest_ = store.oldest_journal_left();
        return left;
    }
    LOGI_ASSIGN_OR_RETURN(left.registered_, journal::registered_journals(store.bucket()));
    const auto snapshot = tenant.catalog().snapshot();
    for (const auto& [journal, end] : needed(*snapshot)) {
        const std::uint64_t from = snapshot->position(journal);
        if (from < end &&
            std::binary_search(left.registered_.begin(), left.registered_.end(), journal)) {
            LOGI_ASSIGN_OR_RETURN(
                left.empty_to_[journal],
                ingest::empty_up_to(store.bucket(), tenant.name(), journal, from, end));
        }
    }
    return left;
}

}  // namespace logi::compact
