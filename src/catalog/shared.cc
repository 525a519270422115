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

constexpr int kCommitTries = 16;
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
        const auto bytes = bucket_.get(snapshot_key(newest));
        if (bytes.status().code() == absl::StatusCode::kNotFound) {
            continue;
        }
        LOGI_RETURN_IF_ERROR(bytes.status());
        auto found = decode_snapshot(*bytes);
        if (!found.ok()) {
            return Status(found.status().code(),
                          absl::StrCat(snapshot_key(newest), ": ", found.status().message()));
        }
        const base::MutexLock lock(mutex_);
        // Another thread may have learnt more.
        if (snapshot_->number < found->number) {
            snapshot_ = std::make_shared<Snapshot>(*std::move(found));
        }
        return absl::OkStatus();
    }
    return absl::UnavailableError(
        absl::StrCat(folder_, "/catalog: snapshots are removed faster than they can be read"));
}

bool Catalog::may_commit(const std::string& segment, const Snapshot& next) const {
    return !shared() || parse_segment_key(segment).snapshot + shared_->behind_max >= next.number;
}

Status Catalog::commit_shared(const Edit& edit) {
    const base::MutexLock one_at_a_time(commit_mutex_);
    const std::uint64_t commit = random_.next_u64();
    for (int i = 0; i < kCommitTries; ++i) {
        LOGI_RETURN_IF_ERROR(learn());
        if (tells_of(*snapshot(), commit)) {
            return absl::OkStatus();
        }
        Snapshot next = *snapshot();
        ++next.number;
        next.writer = absl::StrFormat("%016x", commit);
        next.written_at = clock_.now();
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

Status Catalog::forget_replaced(const std::vector<std::string>& keys) {
    const absl::flat_hash_set<std::string> removed(keys.begin(), keys.end());
    const auto is_removed = [&](const ReplacedSegment& segment) {
        return removed.contains(segment.key);
    };
    const auto newest = snapshot();
    if (std::none_of(newest->replaced.begin(), newest->replaced.end(), is_removed)) {
        return absl::OkStatus();
    }
    return commit_edit([&](Snapshot& next) -> Status {
        std::erase_if(next.replaced, is_removed);
        return absl::OkStatus();
    });
}

}  // namespace logi::catalog
