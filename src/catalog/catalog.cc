#include "catalog/catalog.h"

#include "absl/container/flat_hash_set.h"
#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/log.h"
#include "base/planted.h"
#include "catalog/names.h"

#include <algorithm>

namespace logi::catalog {
namespace {

// Kept behind the newest, so that a damaged newest one has a predecessor.
constexpr std::uint64_t kSnapshotsKept = 3;
constexpr int kCommitTries = 8;

}  // namespace

Catalog::Catalog(bucket::Bucket& bucket,
                 const io::Clock& clock,
                 io::Random& random,
                 std::string folder)
    : bucket_(bucket),
      clock_(clock),
      random_(random),
      folder_(std::move(folder)),
      snapshot_(std::make_shared<Snapshot>()) {}

StatusOr<std::unique_ptr<Catalog>> Catalog::open(bucket::Bucket& bucket,
                                                 const io::Clock& clock,
                                                 io::Random& random,
                                                 const std::string& tenant,
                                                 const std::vector<std::uint64_t>& journals) {
    auto catalog = absl::WrapUnique(new Catalog(
        bucket, clock, random, absl::StrCat(kTenantsFolder, "/", bucket::escape_key_part(tenant))));
    LOGI_RETURN_IF_ERROR(catalog->load(journals));
    return catalog;
}

std::string Catalog::snapshot_key(std::uint64_t number) const {
    return absl::StrCat(
        folder_, "/catalog/", absl::StrFormat("%020d", number), std::string(kSnapshotSuffix));
}

std::string Catalog::delete_key(const std::string& id) const {
    return absl::StrCat(folder_, "/deletes/", id, ".delete");
}

std::shared_ptr<const Snapshot> Catalog::snapshot() const {
    const base::MutexLock lock(mutex_);
    return snapshot_;
}

std::string Catalog::segments_folder(const std::string& tenant) {
    return absl::StrCat(kTenantsFolder, "/", bucket::escape_key_part(tenant), "/segments/");
}

std::string Catalog::new_segment_key(const FlushCommit& commit) const {
    return absl::StrCat(folder_,
                        "/segments/",
                        absl::StrFormat("%020d-%020d-%d-%d-%d",
                                        snapshot()->number,
                                        commit.journal,
                                        commit.from,
                                        commit.to,
                                        commit.segments.size()),
                        // Two that flush one generation must not write over each other.
                        shared() ? absl::StrFormat("-%016x", random_.next_u64()) : std::string(),
                        ".segment");
}

std::string Catalog::new_merged_key() const {
    return absl::StrCat(
        folder_,
        "/segments/",
        absl::StrFormat("%020d-merged-%016x", snapshot()->number, random_.next_u64()),
        ".segment");
}

namespace {

// Of a shared catalog: requests to delete cover journals that they do not name by what is in
// segments. This one was not, so it came later.
void name_later_journal(std::vector<DeleteRequest>& deletes, std::uint64_t journal) {
    for (DeleteRequest& request : deletes) {
        if (request.pending() && request.covers_unnamed(journal) &&
            !base::planted(base::Planted::kLaterJournalUnnamed)) {
            request.arrived[journal] = 0;
        }
    }
}

}  // namespace

Status Catalog::commit(const FlushCommit& commit) {
    return commit_edit([&](Snapshot& next) -> Status {
        const std::uint64_t position = next.position(commit.journal);
        if (position != commit.from && !base::planted(base::Planted::kCommitWithoutPrecondition)) {
            return absl::FailedPreconditionError(absl::StrCat(
                "journal ", commit.journal, " is at position ", position, ", not ", commit.from));
        }
        if (shared() && commit.is_registered && !next.positions.contains(commit.journal) &&
            !base::planted(base::Planted::kCommitOfGoneJournal)) {
            LOGI_ASSIGN_OR_RETURN(const bool registered, commit.is_registered());
            if (!registered) {
                return absl::FailedPreconditionError(
                    absl::StrCat("journal ", commit.journal, " is gone"));
            }
        }
        for (const auto& segment : commit.segments) {
            if (!may_commit(segment.key, next)) {
                return absl::AbortedError(absl::StrCat(segment.key, " has waited for too long"));
            }
        }
        if (shared()) {
            for (const DeleteRequest& request : next.deletes) {
                if (request.cuts(commit.journal, commit.from, commit.to) &&
                    !base::planted(base::Planted::kDeleteDoesNotCut)) {
                    return absl::AbortedError(
                        absl::StrCat("delete request ", request.id, " cuts the generation"));
                }
            }
            name_later_journal(next.deletes, commit.journal);
            next.written_at = commit.by_writer ? clock_.now() : next.written_at;
        }
        std::erase_if(next.positions,
                      [&](const auto& p) { return p.first < commit.oldest_journal; });
        next.positions[commit.journal] = commit.to;
        // Where a damaged snapshot has named them already, they were found without it.
        std::erase_if(next.segments, [&](const SegmentInfo& s) {
            return !s.known() && std::any_of(commit.segments.begin(),
                                             commit.segments.end(),
                                             [&](const auto& c) { return c.key == s.key; });
        });
        next.segments.insert(next.segments.end(), commit.segments.begin(), commit.segments.end());
        return absl::OkStatus();
    });
}

Status Catalog::replace(const ReplaceCommit& commit) {
    const absl::flat_hash_set<std::string> inputs(commit.inputs.begin(), commit.inputs.end());
    std::uint64_t number = 0;
    const Status status = commit_edit([&](Snapshot& next) -> Status {
        const std::size_t removed = std::erase_if(
            next.segments, [&](const SegmentInfo& s) { return inputs.contains(s.key); });
        if (removed != inputs.size()) {
            return absl::FailedPreconditionError("segments to be replaced are gone");
        }
        for (const auto& output : commit.outputs) {
            if (!may_commit(output.key, next)) {
                return absl::FailedPreconditionError(
                    absl::StrCat(output.key, " has waited for too long"));
            }
        }
        next.segments.insert(next.segments.end(), commit.outputs.begin(), commit.outputs.end());
        for (const auto& key : commit.inputs) {
            if (shared()) {
                next.replaced.push_back({key, next.number});
            }
        }
        number = next.number;
        return absl::OkStatus();
    });
    if (shared()) {
        return status;  // who sweeps finds what is left
    }
    const base::MutexLock lock(mutex_);
    if (status.ok()) {
        for (const auto& key : commit.inputs) {
            retired_.push_back({key, number});
        }
    } else if (status.code() == absl::StatusCode::kFailedPrecondition) {
        for (const auto& output : commit.outputs) {
            retired_.push_back({output.key, 0});
        }
    } else {
        doubtful_.push_back(commit);
    }
    return status;
}

Status Catalog::edit_deletes(const EditDeletes& edit) {
    std::vector<std::string> ended;
    std::vector<std::string> made;
    const Status status = commit_edit([&](Snapshot& next) -> Status {
        absl::flat_hash_set<std::string> before;
        for (const auto& request : next.deletes) {
            if (request.pending()) {
                before.insert(request.id);
            }
        }
        LOGI_RETURN_IF_ERROR(edit(next.deletes, next.number - 1));
        for (auto& request : next.deletes) {
            if (!request.pending() || before.erase(request.id) > 0) {
                continue;
            }
            request.made_on = next.number - 1;
            LOGI_RETURN_IF_ERROR(
                bucket_.put(delete_key(request.id), encode_delete_object(request)));
        }
        ended.assign(before.begin(), before.end());
        return absl::OkStatus();
    });
    LOGI_RETURN_IF_ERROR(status);
    for (const auto& id : ended) {
        const Status s = bucket_.remove(delete_key(id));
        if (!s.ok() && s.code() != absl::StatusCode::kNotFound) {
            base::log_warn("cannot remove a delete request that has ended",
                           {{"id", id}, {"error", std::string(s.message())}});
        }
    }
    return absl::OkStatus();
}

Status Catalog::commit_edit(const Edit& edit) {
    if (shared()) {
        return commit_shared(edit);
    }
    const base::MutexLock one_at_a_time(commit_mutex_);
    const std::string writer = absl::StrFormat("%016x", random_.next_u64());
    for (int i = 0; i < kCommitTries; ++i) {
        auto next = std::make_shared<Snapshot>(*snapshot());
        ++next->number;
        next->writer = writer;
        next->written_at = clock_.now();
        LOGI_RETURN_IF_ERROR(edit(*next));
        const std::string key = snapshot_key(next->number);
        const Status put = bucket_.put_if_absent(key, encode_snapshot(*next));
        if (put.code() == absl::StatusCode::kAlreadyExists) {
            bool ours = false;
            LOGI_RETURN_IF_ERROR(read_winner(key, writer, ours));
            if (ours) {
                return absl::OkStatus();
            }
            continue;
        }
        LOGI_RETURN_IF_ERROR(put);
        const std::uint64_t number = next->number;
        set_snapshot(std::move(next));
        remove_old_snapshots(number);
        return absl::OkStatus();
    }
    return absl::UnavailableError("catalog commit lost against others too often");
}

Status Catalog::read_winner(const std::string& key, const std::string& writer, bool& ours) {
    LOGI_ASSIGN_OR_RETURN(const std::string bytes, bucket_.get(key));
    auto winner = decode_snapshot(bytes);
    if (!winner.ok()) {
        return Status(winner.status().code(), absl::StrCat(key, ": ", winner.status().message()));
    }
    ours = winner->writer == writer;
    set_snapshot(std::make_shared<Snapshot>(*std::move(winner)));
    return absl::OkStatus();
}

// A snapshot that was just put or read under its number follows all commits before it: what an
// earlier one was to bring, and this has not, will not come.
void Catalog::set_snapshot(std::shared_ptr<const Snapshot> next) {
    const base::MutexLock lock(mutex_);
    std::erase_if(superseded_, [](const auto& s) { return s.second.expired(); });
    superseded_.emplace_back(snapshot_->number, snapshot_);
    snapshot_ = std::move(next);
    if (doubtful_.empty()) {
        return;
    }
    absl::flat_hash_set<std::string> living;
    for (const auto& segment : snapshot_->segments) {
        living.insert(segment.key);
    }
    const auto retire = [&](const std::string& key, std::uint64_t replaced_by)
                            LOGI_REQUIRES(mutex_) {
                                if (!living.contains(key)) {
                                    retired_.push_back({key, replaced_by});
                                }
                            };
    for (const auto& commit : std::exchange(doubtful_, {})) {
        for (const auto& key : commit.inputs) {
            retire(key, snapshot_->number);
        }
        for (const auto& output : commit.outputs) {
            retire(output.key, 0);
        }
    }
}

std::size_t Catalog::remove_retired() {
    std::vector<Retired> ready;
    std::size_t waiting = 0;
    {
        const base::MutexLock lock(mutex_);
        std::uint64_t oldest_held = UINT64_MAX;
        for (const auto& [number, snapshot] : superseded_) {
            if (!snapshot.expired()) {
                oldest_held = std::min(oldest_held, number);
            }
        }
        const auto is_held = [&](const Retired& r) {
            return r.replaced_by > oldest_held;
        };
        std::copy_if(
            retired_.begin(), retired_.end(), std::back_inserter(ready), [&](const Retired& r) {
                return !is_held(r);
            });
        std::erase_if(retired_, [&](const Retired& r) { return !is_held(r); });
        waiting = retired_.size();
    }
    for (auto& retired : ready) {
        const Status s = bucket_.remove(retired.key);
        if (!s.ok() && s.code() != absl::StatusCode::kNotFound) {
            base::log_warn("cannot remove a segment that was replaced",
                           {{"key", retired.key}, {"error", std::string(s.message())}});
            const base::MutexLock lock(mutex_);
            retired_.push_back(std::move(retired));
            ++waiting;
        }
    }
    return waiting;
}

void Catalog::remove_old_snapshots(std::uint64_t newest) {
    if (newest <= kSnapshotsKept) {
        return;
    }
    const Status s = bucket_.remove(snapshot_key(newest - kSnapshotsKept));
    if (!s.ok() && s.code() != absl::StatusCode::kNotFound) {
        base::log_warn("cannot remove an old catalog snapshot",
                       {{"error", std::string(s.message())}});
    }
}

}  // namespace logi::catalog
