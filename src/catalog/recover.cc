// What a catalog finds in the bucket when it is opened.
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/log.h"
#include "catalog/catalog.h"
#include "catalog/names.h"

namespace logi::catalog {
namespace {

constexpr int kLoadTries = 8;

// Rows and times are unknown without reading it: an unbounded time range makes every query open it,
// so nothing is missed.
SegmentInfo unknown_segment(const bucket::ObjectInfo& object) {
    SegmentInfo info;
    info.key = object.key;
    info.min_time = Timestamp::min();
    info.max_time = Timestamp::max();
    info.size_bytes = object.size;
    return info;
}

}  // namespace

StatusOr<Snapshot> Catalog::read_newest(std::uint64_t& newest, bool& damaged) const {
    LOGI_ASSIGN_OR_RETURN(const auto objects, bucket_.list(folder_ + "/catalog"));
    for (auto it = objects.rbegin(); it != objects.rend(); ++it) {
        const std::uint64_t number = snapshot_number(it->key);
        if (number == 0) {
            continue;
        }
        newest = std::max(newest, number);
        LOGI_ASSIGN_OR_RETURN(const std::string bytes, bucket_.get(it->key));
        auto snapshot = decode_snapshot(bytes);
        if (snapshot.ok()) {
            return snapshot;
        }
        if (snapshot.status().code() != absl::StatusCode::kDataLoss) {
            return Status(snapshot.status().code(),
                          absl::StrCat(it->key, ": ", snapshot.status().message()));
        }
        damaged = true;
        base::log_error(
            "catalog snapshot is damaged; using the one before it and the segments found",
            {{"key", it->key}, {"error", std::string(snapshot.status().message())}});
    }
    return Snapshot();
}

Status Catalog::load(const std::vector<std::uint64_t>& journals) {
    Status status;
    for (int i = 0; i < kLoadTries; ++i) {
        status = load_once(journals);
        if (status.code() != absl::StatusCode::kAborted) {
            return status;
        }
    }
    return status;
}

Status Catalog::load_once(const std::vector<std::uint64_t>& journals) {
    bool damaged = false;
    std::uint64_t newest = 0;
    LOGI_ASSIGN_OR_RETURN(Snapshot found, read_newest(newest, damaged));
    std::vector<bucket::ObjectInfo> leftovers;
    LOGI_RETURN_IF_ERROR(recover_segments(found, newest, damaged, journals, leftovers));
    LOGI_RETURN_IF_ERROR(recover_deletes(found, newest, damaged));
    if (damaged) {
        // The next commit must not collide with the damaged object.
        found.number = newest;
    }
    if (!leftovers.empty()) {
        LOGI_RETURN_IF_ERROR(take_next_number(found));
        remove_leftovers(leftovers);
    }
    const base::MutexLock lock(mutex_);
    snapshot_ = std::make_shared<Snapshot>(std::move(found));
    return absl::OkStatus();
}

Status Catalog::recover_segments(Snapshot& found,
                                 std::uint64_t newest,
                                 bool damaged,
                                 const std::vector<std::uint64_t>& journals,
                                 std::vector<bucket::ObjectInfo>& leftovers) {
    LOGI_ASSIGN_OR_RETURN(auto unnamed, bucket_.list(folder_ + "/segments"));
    absl::flat_hash_set<std::string> gone;
    for (const auto& s : found.segments) {
        gone.insert(s.key);
    }
    std::erase_if(unnamed, [&](const auto& object) { return gone.erase(object.key) > 0; });
    for (const auto& replaced : found.replaced) {
        std::erase_if(unnamed, [&](const auto& object) { return object.key == replaced.key; });
    }
    if (!damaged) {
        pick_leftovers(unnamed, newest, !gone.empty(), journals, leftovers);
    }
    for (const auto& object : unnamed) {
        found.segments.push_back(unknown_segment(object));
        base::log_error("no catalog snapshot names this segment; it counts all the same",
                        {{"key", object.key}});
    }
    if (!unnamed.empty()) {
        // A snapshot that is lost has replaced them.
        std::erase_if(found.segments, [&](const SegmentInfo& s) {
            if (gone.contains(s.key)) {
                base::log_error("this segment is gone; others that were found take its place",
                                {{"key", s.key}});
                return true;
            }
            return false;
        });
    }
    return absl::OkStatus();
}

// A commit of the process that had the bucket before may be under way still, and name what is to
// be removed. kAborted: it has arrived.
Status Catalog::take_next_number(Snapshot& found) {
    Snapshot next = found;
    ++next.number;
    next.writer = absl::StrFormat("%016x", random_.next_u64());
    next.written_at = clock_.now();
    const Status put = bucket_.put_if_absent(snapshot_key(next.number), encode_snapshot(next));
    if (put.code() == absl::StatusCode::kAlreadyExists) {
        return absl::AbortedError("a snapshot has come while the newest one was read");
    }
    LOGI_RETURN_IF_ERROR(put);
    found = std::move(next);
    remove_old_snapshots(found.number);
    return absl::OkStatus();
}

void Catalog::pick_leftovers(std::vector<bucket::ObjectInfo>& unnamed,
                             std::uint64_t newest,
                             bool some_gone,
                             const std::vector<std::uint64_t>& journals,
                             std::vector<bucket::ObjectInfo>& leftovers) {
    std::erase_if(unnamed, [&](const auto& object) {
        const SegmentName name = parse_segment_key(object.key);
        const bool replayed =
            std::find(journals.begin(), journals.end(), name.journal) != journals.end();
        if (name.merged ? some_gone : !replayed && name.snapshot >= newest) {
            return false;
        }
        leftovers.push_back(object);
        return true;
    });
}

void Catalog::remove_leftovers(const std::vector<bucket::ObjectInfo>& leftovers) {
    for (const auto& object : leftovers) {
        const Status s = bucket_.remove(object.key);
        if (!s.ok() && s.code() != absl::StatusCode::kNotFound) {
            base::log_warn("cannot remove a segment that no snapshot names",
                           {{"key", object.key}, {"error", std::string(s.message())}});
            const base::MutexLock lock(mutex_);
            retired_.push_back({object.key, 0});
        }
    }
}

// A request that the snapshot does not name was cancelled, processed, or never made; but one that
// was made on the newest snapshot may have been named by a later one that has got lost. To hide
// entries once more does no harm: those that came later stay.
Status Catalog::recover_deletes(Snapshot& found, std::uint64_t newest, bool damaged) {
    LOGI_ASSIGN_OR_RETURN(const auto objects, bucket_.list(folder_ + "/deletes"));
    absl::flat_hash_map<std::string, bool> named;  // whether it is pending
    for (const auto& request : found.deletes) {
        named[delete_key(request.id)] = request.pending();
    }
    const auto remove = [&](const std::string& key) {
        if (const Status s = bucket_.remove(key); !s.ok()) {
            base::log_warn("cannot remove a delete request that has ended",
                           {{"key", key}, {"error", std::string(s.message())}});
        }
    };
    for (const auto& object : objects) {
        if (const auto it = named.find(object.key); it != named.end()) {
            if (!it->second && !shared()) {
                remove(object.key);
            }
            continue;
        }
        LOGI_ASSIGN_OR_RETURN(const std::string bytes, bucket_.get(object.key));
        auto request = decode_delete_object(bytes);
        if (!request.ok()) {
            base::log_error(
                "a delete request cannot be read",
                {{"key", object.key}, {"error", std::string(request.status().message())}});
            continue;
        }
        if (damaged || request->made_on >= newest) {
            base::log_error("no catalog snapshot names this delete request; it counts all the same",
                            {{"key", object.key}});
            found.deletes.push_back(*std::move(request));
            continue;
        }
        remove(object.key);
    }
    std::stable_sort(found.deletes.begin(), found.deletes.end(), [](const auto& a, const auto& b) {
        return a.created_at < b.created_at;
    });
    return absl::OkStatus();
}

}  // namespace logi::catalog
