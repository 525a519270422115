#include "compact/deletes.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "compact/journals_left.h"
#include "ingest/delete_rule.h"

#include <algorithm>

namespace logi::compact {
namespace {

using catalog::DeleteRequest;
using Requests = std::vector<DeleteRequest>;

constexpr const char* kUnknownId = "could not find delete request with given id";

auto find(Requests& requests, const std::string& id) {
    return std::find_if(requests.begin(), requests.end(), [&](const DeleteRequest& request) {
        return request.id == id;
    });
}

void forget_old(Requests& requests) {
    auto processed = static_cast<std::size_t>(std::count_if(
        requests.begin(), requests.end(), [](const auto& r) { return !r.pending(); }));
    std::erase_if(requests, [&](const DeleteRequest& request) {
        const bool old = !request.pending() && processed > Deletes::kProcessedKept;
        processed -= old ? 1U : 0U;
        return old;
    });
}

}  // namespace

bool Deletes::may_hold(const std::string& tenant,
                       const catalog::SegmentInfo& segment,
                       const DeleteRequest& request) const {
    if (segment.deletes_applied_on >= request.due_on ||
        !request.overlaps(segment.min_time, segment.max_time)) {
        return false;
    }
    const base::MutexLock lock(mutex_);
    const auto of_tenant = clean_.find(tenant);
    if (of_tenant == clean_.end()) {
        return true;
    }
    const auto it = of_tenant->second.find(segment.key);
    return it == of_tenant->second.end() || !it->second.contains(request.id);
}

void Deletes::note_clean(const std::string& tenant, const std::string& key, const std::string& id) {
    const base::MutexLock lock(mutex_);
    clean_[tenant][key].insert(id);
}

void Deletes::forget_clean(const std::string& tenant, const catalog::Snapshot& snapshot) {
    absl::flat_hash_set<std::string> living;
    for (const auto& segment : snapshot.segments) {
        living.insert(segment.key);
    }
    absl::flat_hash_set<std::string> due;
    for (const auto& request : snapshot.deletes) {
        if (request.due()) {
            due.insert(request.id);
        }
    }
    const base::MutexLock lock(mutex_);
    const auto it = clean_.find(tenant);
    if (it == clean_.end()) {
        return;
    }
    absl::erase_if(it->second, [&](auto& item) {
        absl::erase_if(item.second, [&](const auto& id) { return !due.contains(id); });
        return item.second.empty() || !living.contains(item.first);
    });
    if (it->second.empty()) {
        clean_.erase(it);
    }
}

std::string Deletes::status_of(const std::string& tenant,
                               const DeleteRequest& request,
                               const catalog::Snapshot& snapshot) const {
    if (!request.pending()) {
        return "processed";
    }
    if (!request.due()) {
        return "received";
    }
    std::size_t all = 0;
    std::size_t done = 0;
    for (const auto& segment : snapshot.segments) {
        if (request.overlaps(segment.min_time, segment.max_time)) {
            ++all;
            done += may_hold(tenant, segment, request) ? 0U : 1U;
        }
    }
    return done == 0 ? "received" : absl::StrCat(100 * done / all, "% Complete");
}

void Deletes::add(const std::string& tenant,
                  const std::string& query,
                  Timestamp first,
                  Timestamp last,
                  std::function<void(StatusOr<std::string>)> done) {
    if (query.size() > kQueryBytesMax) {
        done(absl::InvalidArgumentError(absl::StrCat(
            "the query is too long (", query.size(), " > ", kQueryBytesMax, " bytes)")));
        return;
    }
    DeleteRequest request;
    request.query = query;
    request.first = first;
    request.last = last;
    request.created_at = clock_.now();
    if (const Status status = ingest::compile_delete(request).status(); !status.ok()) {
        done(status);
        return;
    }
    // In this order: what leaves the journals in between is in the snapshot.
    const bool in_journals = store_.shared() && store_.in_journals(tenant);
    const auto owner = find_owner(tenant);
    if (!owner.ok()) {
        done(owner.status());
        return;
    }
    if (*owner == nullptr ||
        (store_.shared() && !in_journals && (*owner)->catalog().snapshot()->number == 0)) {
        // Nothing of it has arrived, so this covers nothing; and who makes up names of tenants must
        // not leave a catalog for each.
        done(new_id());
        return;
    }
    if (store_.shared()) {
        done(commit(**owner, std::move(request)));
        return;
    }
    store_.cut(*owner, [this, owner = *owner, request, done](const auto& arrived) mutable {
        request.arrived = arrived;
        done(commit(*owner, std::move(request)));
    });
}

std::string Deletes::new_id() const {
    return absl::StrFormat("%08x", static_cast<std::uint32_t>(random_.next_u64()));
}

StatusOr<std::string> Deletes::commit(ingest::Tenant& owner, DeleteRequest request) const {
    LOGI_RETURN_IF_ERROR(
        owner.catalog().edit_deletes([&](Requests& requests, std::uint64_t) -> Status {
            const auto pending = std::count_if(
                requests.begin(), requests.end(), [](const auto& r) { return r.pending(); });
            if (static_cast<std::size_t>(pending) >= kPendingMax) {
                return absl::ResourceExhaustedError(
                    absl::StrCat("so many delete requests are not yet processed: ", pending));
            }
            while (request.id.empty() || find(requests, request.id) != requests.end()) {
                request.id = new_id();
            }
            // Here, when the snapshot is known that it is made on.
            if (store_.shared()) {
                LOGI_ASSIGN_OR_RETURN(request.arrived, store_.arrived_in_bucket());
                // While a journal is removed one of its objects may come once more, late: that
                // tells nothing of how far it had come, but then all of it is in segments.
                const auto snapshot = owner.catalog().snapshot();
                for (auto& [journal, position] : request.arrived) {
                    position = std::max(position, snapshot->position(journal));
                }
            }
            requests.push_back(request);
            return absl::OkStatus();
        }));
    return request.id;
}

StatusOr<std::vector<ListedDelete>> Deletes::list(const std::string& tenant) const {
    std::vector<ListedDelete> listed;
    LOGI_ASSIGN_OR_RETURN(const auto owner, find_owner(tenant));
    if (owner != nullptr) {
        const auto snapshot = owner->catalog().snapshot();
        for (const auto& request : snapshot->deletes) {
            listed.push_back({request, status_of(tenant, request, *snapshot)});
        }
    }
    return listed;
}

Status Deletes::cancel(const std::string& tenant, const std::string& id, bool force) {
    LOGI_ASSIGN_OR_RETURN(const auto owner, find_owner(tenant));
    if (owner == nullptr) {
        return absl::NotFoundError(kUnknownId);
    }
    return owner->catalog().edit_deletes([&](Requests& requests, std::uint64_t) -> Status {
        const auto it = find(requests, id);
        if (it == requests.end()) {
            return absl::NotFoundError(kUnknownId);
        }
        if (!it->pending()) {
            return absl::InvalidArgumentError(
                "deletion of request which is in process or already processed is not allowed");
        }
        if (!force && (it->due() || clock_.now() - it->created_at > cancel_period_)) {
            return absl::InvalidArgumentError(
                "deletion of request past the deadline of its cancellation is not allowed; with "
                "force=true, what is not yet deleted stays");
        }
        requests.erase(it);
        return absl::OkStatus();
    });
}

// The clock of who made a request may be ahead, and would put it off until then; that of this
// process may be behind, but not behind the tenant's last flush.
Status Deletes::make_due(ingest::Tenant& tenant) const {
    const auto snapshot = tenant.catalog().snapshot();
    const Timestamp now = clock_.now();
    const Timestamp latest = std::max(now, snapshot->written_at);
    const auto is_ready = [&](const DeleteRequest& request) {
        return now - std::min(request.created_at, latest) >= cancel_period_;
    };
    const auto changes = [&](const DeleteRequest& request) {
        return request.pending() && !request.due() &&
               (request.created_at > latest || is_ready(request));
    };
    if (std::none_of(snapshot->deletes.begin(), snapshot->deletes.end(), changes)) {
        return absl::OkStatus();
    }
    return tenant.catalog().edit_deletes([&](Requests& requests, std::uint64_t number) {
        for (DeleteRequest& request : requests) {
            if (changes(request)) {
                request.due_on = is_ready(request) ? number + 1 : 0;
                request.created_at = std::min(request.created_at, latest);
            }
        }
        return absl::OkStatus();
    });
}

StatusOr<std::shared_ptr<ingest::Tenant>> Deletes::find_owner(const std::string& tenant) const {
    if (store_.shared()) {
        return store_.learn_tenant(tenant);
    }
    return store_.find_tenant(tenant);
}

Status Deletes::end_done(ingest::Tenant& tenant) const {
    const auto is_due = [](const DeleteRequest& request) {
        return request.due();
    };
    const auto known = tenant.catalog().snapshot();
    if (std::none_of(known->deletes.begin(), known->deletes.end(), is_due)) {
        return absl::OkStatus();
    }
    // In this order: what leaves the journals in between is in the snapshot.
    LOGI_ASSIGN_OR_RETURN(const JournalsLeft left, JournalsLeft::look(store_, tenant));
    if (store_.shared()) {
        LOGI_RETURN_IF_ERROR(tenant.catalog().learn());
    }
    const auto snapshot = tenant.catalog().snapshot();
    absl::flat_hash_set<std::string> done;
    std::uint64_t newest_needed = 0;  // of the journals that have to go first
    for (const DeleteRequest& request : snapshot->deletes) {
        if (!request.due()) {
            continue;
        }
        if (!left.has_passed(request, *snapshot)) {
            newest_needed = std::max(newest_needed, request.arrived.rbegin()->first);
            continue;
        }
        const bool held = std::any_of(
            snapshot->segments.begin(), snapshot->segments.end(), [&](const auto& segment) {
                return may_hold(tenant.name(), segment, request);
            });
        if (!held) {
            done.insert(request.id);
        }
    }
    if (!store_.shared()) {
        store_.close_journal(newest_needed);
    }
    // A catalog that has to be found again from its segments must not find replaced ones without
    // the request.
    if (done.empty() || tenant.catalog().remove_retired() > 0) {
        return absl::OkStatus();
    }
    LOGI_RETURN_IF_ERROR(tenant.catalog().edit_deletes([&](Requests& requests, std::uint64_t) {
        for (DeleteRequest& request : requests) {
            if (request.pending() && done.contains(request.id)) {
                request.processed_at = clock_.now();
            }
        }
        forget_old(requests);
        return absl::OkStatus();
    }));
    ended_ += done.size();
    return absl::OkStatus();
}

}  // namespace logi::compact
