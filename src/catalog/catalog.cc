#include "catalog/catalog.h"

#include "absl/container/flat_hash_set.h"
#include "absl/memory/memory.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "base/log.h"

namespace logi::catalog {
namespace {

constexpr std::string_view kSnapshotSuffix = ".snapshot";
// Kept behind the newest, so that a damaged newest one has a predecessor.
constexpr std::uint64_t kSnapshotsKept = 3;
constexpr int kCommitTries = 8;

std::uint64_t snapshot_number(std::string_view key) {
    key.remove_prefix(std::min(key.size(), key.rfind('/') + 1));
    std::uint64_t number = 0;
    const bool ok =
        key.ends_with(kSnapshotSuffix) &&
        absl::SimpleAtoi(absl::string_view(key.data(), key.size() - kSnapshotSuffix.size()),
                         &number);
    return ok ? number : 0;
}

struct SegmentName {
    std::uint64_t snapshot = 0;
    std::uint64_t journal = 0;
};

// <snapshot number>-<journal>-….segment; zeros where the key is no such name.
SegmentName parse_segment_key(std::string_view key) {
    key = key.substr(key.rfind('/') + 1);
    const std::vector<std::string> parts =
        absl::StrSplit(absl::string_view(key.data(), key.size()), '-');
    SegmentName name;
    if (parts.size() > 2 && (!absl::SimpleAtoi(parts[0], &name.snapshot) ||
                             !absl::SimpleAtoi(parts[1], &name.journal))) {
        return {};
    }
    return name;
}

}  // namespace

Catalog::Catalog(bucket::Bucket& bucket, io::Random& random, std::string folder)
    : bucket_(bucket),
      random_(random),
      folder_(std::move(folder)),
      snapshot_(std::make_shared<Snapshot>()) {}

StatusOr<std::unique_ptr<Catalog>> Catalog::open(bucket::Bucket& bucket,
                                                 io::Random& random,
                                                 const std::string& tenant,
                                                 const std::vector<std::uint64_t>& journals) {
    auto catalog = absl::WrapUnique(new Catalog(
        bucket, random, absl::StrCat(kTenantsFolder, "/", bucket::escape_key_part(tenant))));
    LOGI_RETURN_IF_ERROR(catalog->load(journals));
    return catalog;
}

std::string Catalog::snapshot_key(std::uint64_t number) const {
    return absl::StrCat(
        folder_, "/catalog/", absl::StrFormat("%020d", number), std::string(kSnapshotSuffix));
}

Status Catalog::load(const std::vector<std::uint64_t>& journals) {
    LOGI_ASSIGN_OR_RETURN(const auto objects, bucket_.list(folder_ + "/catalog"));
    bool damaged = false;
    Snapshot found;
    std::uint64_t newest = 0;
    for (auto it = objects.rbegin(); it != objects.rend(); ++it) {
        const std::uint64_t number = snapshot_number(it->key);
        if (number == 0) {
            continue;
        }
        newest = std::max(newest, number);
        LOGI_ASSIGN_OR_RETURN(const std::string bytes, bucket_.get(it->key));
        auto snapshot = decode_snapshot(bytes);
        if (snapshot.ok()) {
            found = *std::move(snapshot);
            break;
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
    LOGI_ASSIGN_OR_RETURN(auto unnamed, unnamed_segments(found));
    if (damaged) {
        // The next commit must not collide with the damaged object.
        found.number = newest;
    } else {
        sweep_leftovers(unnamed, newest, journals);
    }
    for (const auto& object : unnamed) {
        // Rows and times are unknown without reading it: an unbounded time range makes every query
        // open it, so nothing is missed.
        SegmentInfo info;
        info.key = object.key;
        info.min_time = Timestamp::min();
        info.max_time = Timestamp::max();
        info.size_bytes = object.size;
        found.segments.push_back(std::move(info));
        base::log_error("no catalog snapshot names this segment; it counts all the same",
                        {{"key", object.key}});
    }
    const base::MutexLock lock(mutex_);
    snapshot_ = std::make_shared<Snapshot>(std::move(found));
    return absl::OkStatus();
}

StatusOr<std::vector<bucket::ObjectInfo>> Catalog::unnamed_segments(
    const Snapshot& snapshot) const {
    LOGI_ASSIGN_OR_RETURN(auto objects, bucket_.list(folder_ + "/segments"));
    absl::flat_hash_set<std::string> named;
    for (const auto& s : snapshot.segments) {
        named.insert(s.key);
    }
    std::erase_if(objects, [&](const auto& object) { return named.contains(object.key); });
    return objects;
}

void Catalog::sweep_leftovers(std::vector<bucket::ObjectInfo>& unnamed,
                              std::uint64_t newest,
                              const std::vector<std::uint64_t>& journals) {
    std::erase_if(unnamed, [&](const auto& object) {
        const SegmentName name = parse_segment_key(object.key);
        const bool replayed =
            std::find(journals.begin(), journals.end(), name.journal) != journals.end();
        if (!replayed && name.snapshot >= newest) {
            return false;
        }
        if (const Status s = bucket_.remove(object.key); !s.ok()) {
            base::log_warn("cannot remove a segment that was never committed",
                           {{"key", object.key}, {"error", std::string(s.message())}});
        }
        return true;
    });
}

std::shared_ptr<const Snapshot> Catalog::snapshot() const {
    const base::MutexLock lock(mutex_);
    return snapshot_;
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
                        ".segment");
}

Status Catalog::commit(const FlushCommit& commit) {
    const base::MutexLock one_at_a_time(commit_mutex_);
    const std::string writer = absl::StrFormat("%016x", random_.next_u64());
    for (int i = 0; i < kCommitTries; ++i) {
        const auto base = snapshot();
        if (base->position(commit.journal) != commit.from) {
            return absl::FailedPreconditionError(absl::StrCat("journal ",
                                                              commit.journal,
                                                              " is at position ",
                                                              base->position(commit.journal),
                                                              ", not ",
                                                              commit.from));
        }
        auto next = std::make_shared<Snapshot>(*base);
        ++next->number;
        next->writer = writer;
        std::erase_if(next->positions,
                      [&](const auto& p) { return p.first < commit.oldest_journal; });
        next->positions[commit.journal] = commit.to;
        next->segments.insert(next->segments.end(), commit.segments.begin(), commit.segments.end());
        const std::string key = snapshot_key(next->number);
        const Status put = bucket_.put_if_absent(key, encode_snapshot(*next));
        if (put.code() == absl::StatusCode::kAlreadyExists) {
            LOGI_ASSIGN_OR_RETURN(const std::string bytes, bucket_.get(key));
            auto winner = decode_snapshot(bytes);
            if (!winner.ok()) {
                return Status(winner.status().code(),
                              absl::StrCat(key, ": ", winner.status().message()));
            }
            const bool ours = winner->writer == writer;
            const base::MutexLock lock(mutex_);
            snapshot_ = std::make_shared<Snapshot>(*std::move(winner));
            if (ours) {
                return absl::OkStatus();
            }
            continue;
        }
        LOGI_RETURN_IF_ERROR(put);
        {
            const base::MutexLock lock(mutex_);
            snapshot_ = next;
        }
        remove_old_snapshots(next->number);
        return absl::OkStatus();
    }
    return absl::UnavailableError("catalog commit lost against others too often");
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
