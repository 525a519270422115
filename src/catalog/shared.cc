// A catalog of a bucket that several processes write to.
#include "absl/container/flat_hash_set.h"
#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/log.h"
#include "base/planted.h"
#include "catalog/catalog.h"
#include "catalog/names.h"

#include <algorithm>

namespace logi::catalog {
namespace {

constexpr int kSharedCommitTries = 16;
// Between a listing and the reading of what it names, a snapshot may be removed as old.
constexpr int kReadTries = 8;
// Commits that a snapshot tells of. Far more than others can make between a commit and the listing
// after it, and than there are snapshots kept: a number that can be used again is one whose commit
// would have to be told of.
constexpr std::size_t kLineageMax = 64;

bool tells_of(const Snapshot& snapshot, std::uint64_t commit) {
    return std::find(snapshot.lineage.begin(), snapshot.lineage.end(), commit) !=
           snapshot.lineage.end();
}

// The snapshots that are lost may have named journals in requests to delete that came later: their
// segments are called after a snapshot that the request was known in.
void recover_later_journals(Snapshot& found) {
    for (DeleteRequest& request : found.deletes) {
        for (const auto& segment : found.segments) {
            const SegmentName name = parse_segment_key(segment.key);
            if (request.pending() && !name.merged && name.snapshot >= request.made_on &&
                request.covers_unnamed(name.journal)) {
                request.arrived[name.journal] = 0;
            }
        }
        // Without any snapshot it is not known what merged segments have.
        if (found.number == 0 && request.arrived.erase(kOtherJournals) > 0) {
            request.arrived.try_emplace(0, 0);
        }
    }
}

}  // namespace

StatusOr<std::unique_ptr<Catalog>> Catalog::open_shared(bucket::Bucket& bucket,
                                                        const io::Clock& clock,
                                                        io::Random& random,
                                                        const std::string& tenant,
                                                        const SharedOptions& options) {
    auto catalog = absl::WrapUnique(new Catalog(
        bucket, clock, random, absl::StrCat(kTenantsFolder, "/", bucket::escape_key_part(tenant))));
    catalog->shared_ = options;
    LOGI_RETURN_IF_ERROR(catalog->learn());
    return catalog;
}

Status Catalog::learn() {
    std::vector<bucket::ObjectInfo> listed;
    return learn(listed);
}

Status Catalog::learn(std::vector<bucket::ObjectInfo>& listed) {
    for (int i = 0; i < kReadTries; ++i) {
        // Before the listing: another thread may learn more while it is under way.
        const std::uint64_t known = snapshot()->number;
        LOGI_ASSIGN_OR_RETURN(listed, bucket_.list(folder_ + "/catalog"));
        std::uint64_t newest = 0;
        for (const auto& object : listed) {
            newest = std::max(newest, snapshot_number(object.key));
        }
        if (newest < known) {
            // Snapshots are removed oldest first, so there is always the newest.
            return absl::DataLossError(absl::StrCat(
                folder_, "/catalog: snapshot ", known, " is gone, and no later one is there"));
        }
        if (newest <= snapshot()->number) {
            return absl::OkStatus();
        }
        auto found = read_snapshot(newest);
        if (found.status().code() == absl::StatusCode::kDataLoss) {
            found = recover_shared(listed, newest, found.status());
        }
        if (found.status().code() == absl::StatusCode::kNotFound) {
            continue;
        }
        LOGI_RETURN_IF_ERROR(found.status());
        take_learnt(*std::move(found));
        return absl::OkStatus();
    }
    return absl::UnavailableError(
        absl::StrCat(folder_, "/catalog: snapshots are removed faster than they can be read"));
}

// A damaged one is read once more: the way may be to blame.
StatusOr<Snapshot> Catalog::read_snapshot(std::uint64_t number) const {
    const std::string key = snapshot_key(number);
    StatusOr<Snapshot> snapshot = absl::DataLossError("not read");
    for (int i = 0; i < 2 && snapshot.status().code() == absl::StatusCode::kDataLoss; ++i) {
        LOGI_ASSIGN_OR_RETURN(const std::string bytes, bucket_.get(key));
        snapshot = decode_snapshot(bytes);
    }
    return snapshot.ok() ? std::move(snapshot)
                         : Status(snapshot.status().code(),
                                  absl::StrCat(key, ": ", snapshot.status().message()));
}

void Catalog::take_learnt(Snapshot found) {
    const base::MutexLock lock(mutex_);
    if (snapshot_->number >= found.number) {
        return;  // another thread has learnt more
    }
    // What was in segments is in segments, also when the snapshots that knew are lost.
    for (const auto& [journal, position] : snapshot_->positions) {
        if (found.positions.contains(journal) || found.dropped_on <= snapshot_->number) {
            std::uint64_t& known = found.positions[journal];
            known = std::max(known, position);
        }
    }
    snapshot_ = std::make_shared<Snapshot>(std::move(found));
}

// What is there only because its commit is still to come, or is not to come, is equal to what is in
// a journal: answers show it once.
StatusOr<Snapshot> Catalog::recover_shared(const std::vector<bucket::ObjectInfo>& listed,
                                           std::uint64_t newest,
                                           const Status& damage) {
    std::vector<std::uint64_t> older;
    for (const auto& object : listed) {
        if (const std::uint64_t number = snapshot_number(object.key); number < newest) {
            older.push_back(number);
        }
    }
    std::sort(older.rbegin(), older.rend());
    Snapshot found;
    for (const std::uint64_t number : older) {
        auto snapshot = number == 0 ? absl::DataLossError("no snapshot") : read_snapshot(number);
        if (snapshot.status().code() == absl::StatusCode::kDataLoss) {
            continue;
        }
        LOGI_RETURN_IF_ERROR(snapshot.status());
        found = *std::move(snapshot);
        break;
    }
    std::vector<bucket::ObjectInfo> leftovers;  // stays empty
    LOGI_RETURN_IF_ERROR(recover_segments(found, newest, true, {}, leftovers));
    LOGI_RETURN_IF_ERROR(recover_deletes(found, newest, true));
    recover_later_journals(found);
    found.number = newest;
    found.damage = std::string(message_of(damage));
    base::log_error("catalog snapshot is damaged; using an older one and the segments found",
                    {{"error", found.damage}, {"segments", absl::StrCat(found.segments.size())}});
    return found;
}

bool Catalog::may_commit(const std::string& segment, const Snapshot& next) const {
    return !shared() || parse_segment_key(segment).snapshot + shared_->behind_max >= next.number;
}

Status Catalog::commit_shared(const Edit& edit) {
    const base::MutexLock one_at_a_time(commit_mutex_);
    const std::uint64_t commit = random_.next_u64();
    for (int i = 0; i < kSharedCommitTries; ++i) {
        LOGI_RETURN_IF_ERROR(learn());
        if (tells_of(*snapshot(), commit)) {
            return absl::OkStatus();
        }
        Snapshot next = *snapshot();
        ++next.number;
        next.writer = absl::StrFormat("%016x", commit);
        next.damage.clear();
        next.lineage.push_back(commit);
        if (next.lineage.size() > kLineageMax) {
            next.lineage.erase(next.lineage.begin());
        }
        LOGI_RETURN_IF_ERROR(edit(next));
        const Status put = bucket_.put_if_absent(snapshot_key(next.number), encode_snapshot(next));
        if (put.ok() && base::planted(base::Planted::kTrustOwnPut)) {
            return put;
        }
        std::vector<bucket::ObjectInfo> listed;
        LOGI_RETURN_IF_ERROR(learn(listed));
        const auto newest = snapshot();
        if (tells_of(*newest, commit)) {
            remove_listed_snapshots(listed);
            return absl::OkStatus();
        }
        if (newest->number >= next.number + kLineageMax) {
            return absl::UnavailableError("the outcome of a catalog commit is not known");
        }
        if (!put.ok() && newest->number < next.number) {
            // It may still arrive, and then count.
            return put.code() == absl::StatusCode::kAlreadyExists
                       ? absl::UnavailableError("a catalog snapshot is there, but is not listed")
                       : put;
        }
    }
    return absl::UnavailableError("catalog commit lost against others too often");
}

// Oldest first, so that the newest that is left is always the newest there was.
void Catalog::remove_listed_snapshots(const std::vector<bucket::ObjectInfo>& listed) {
    std::vector<std::uint64_t> numbers;
    for (const auto& object : listed) {
        numbers.push_back(snapshot_number(object.key));
    }
    std::sort(numbers.begin(), numbers.end());
    for (const std::uint64_t number : numbers) {
        if (number == 0 || number + shared_->snapshots_kept > numbers.back()) {
            continue;
        }
        const Status s = bucket_.remove(snapshot_key(number));
        if (!s.ok() && s.code() != absl::StatusCode::kNotFound) {
            base::log_warn("cannot remove an old catalog snapshot",
                           {{"error", std::string(s.message())}});
            return;
        }
    }
}

StatusOr<std::vector<std::string>> Catalog::removable_segments() {
    // In this order: what is named after the listing is not in it.
    LOGI_ASSIGN_OR_RETURN(const auto objects, bucket_.list(folder_ + "/segments"));
    LOGI_RETURN_IF_ERROR(learn());
    const auto newest = snapshot();
    absl::flat_hash_set<std::string> known;
    for (const auto& segment : newest->segments) {
        known.insert(segment.key);
    }
    std::vector<std::string> removable;
    for (const auto& segment : newest->replaced) {
        removable.push_back(segment.key);
        known.insert(segment.key);
    }
    for (const auto& object : objects) {
        if (!known.contains(object.key) &&
            (parse_segment_key(object.key).snapshot + shared_->behind_max <= newest->number ||
             base::planted(base::Planted::kSweepWhatMayBeCommitted))) {
            removable.push_back(object.key);
        }
    }
    return removable;
}

Status Catalog::forget(const std::vector<std::string>& removed,
                       const std::vector<std::uint64_t>& gone_journals) {
    const absl::flat_hash_set<std::string> keys(removed.begin(), removed.end());
    const auto is_removed = [&](const ReplacedSegment& segment) {
        return keys.contains(segment.key);
    };
    const auto newest = snapshot();
    if (newest->damage.empty() && gone_journals.empty() &&
        std::none_of(newest->replaced.begin(), newest->replaced.end(), is_removed)) {
        return absl::OkStatus();
    }
    return commit_edit([&](Snapshot& next) -> Status {
        std::erase_if(next.replaced, is_removed);
        for (const std::uint64_t journal : gone_journals) {
            if (next.positions.erase(journal) > 0) {
                next.dropped_on = next.number;
            }
        }
        return absl::OkStatus();
    });
}

}  // namespace logi::catalog
