#include "catalog/snapshot.h"

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/crc32c.h"

#include <algorithm>

namespace logi::catalog {
namespace {

void encode_segment(base::ByteWriter& w, const SegmentInfo& s) {
    w.string(s.key);
    w.i64(s.min_time.ns);
    w.i64(s.max_time.ns);
    w.varint(s.rows);
    w.varint(s.line_bytes);
    w.varint(s.size_bytes);
    w.varint(s.streams);
    w.varint(s.level);
    w.varint(s.deletes_applied_on);
}

// No journal has this id. Its position is Snapshot::dropped_on: so programs that do not know of it
// carry it along.
constexpr std::uint64_t kNoJournal = 0;

SegmentInfo decode_segment(base::ByteReader& r, std::uint32_t version) {
    SegmentInfo s;
    s.key = std::string(r.string());
    s.min_time = {r.i64()};
    s.max_time = {r.i64()};
    s.rows = r.varint();
    s.line_bytes = r.varint();
    s.size_bytes = r.varint();
    s.streams = static_cast<std::uint32_t>(r.varint());
    s.level = static_cast<std::uint32_t>(r.varint());
    s.deletes_applied_on = version > 1 ? r.varint() : 0;
    return s;
}

bool has_pending(const Snapshot& snapshot) {
    return std::any_of(snapshot.deletes.begin(), snapshot.deletes.end(), [](const auto& request) {
        return request.pending();
    });
}

}  // namespace

std::string encode_snapshot(const Snapshot& snapshot) {
    std::string out;
    base::ByteWriter w(out);
    w.bytes(kSnapshotMagic);
    const bool shared = !snapshot.lineage.empty();
    const std::uint32_t version = shared ? kSharedSnapshotVersion : kSnapshotVersion;
    w.u32(version);  // least version that may read
    w.u32(shared && has_pending(snapshot) ? kSharedDeletesVersion : version);
    w.u64(snapshot.number);
    w.string(snapshot.writer);
    w.i64(snapshot.written_at.ns);
    w.varint(snapshot.positions.size() + (snapshot.dropped_on > 0 ? 1 : 0));
    if (snapshot.dropped_on > 0) {
        w.u64(kNoJournal);
        w.u64(snapshot.dropped_on);
    }
    for (const auto& [journal, position] : snapshot.positions) {
        w.u64(journal);
        w.u64(position);
    }
    w.varint(snapshot.segments.size());
    for (const auto& s : snapshot.segments) {
        encode_segment(w, s);
    }
    w.varint(snapshot.deletes.size());
    for (const auto& request : snapshot.deletes) {
        encode(w, request);
    }
    if (shared) {
        w.varint(snapshot.lineage.size());
        for (const std::uint64_t commit : snapshot.lineage) {
            w.u64(commit);
        }
        w.varint(snapshot.replaced.size());
        for (const auto& replaced : snapshot.replaced) {
            w.string(replaced.key);
            w.varint(replaced.replaced_by);
        }
    }
    w.u32(base::crc32c(out));
    return out;
}

StatusOr<Snapshot> decode_snapshot(std::string_view bytes) {
    if (bytes.size() < kSnapshotMagic.size() + 4 ||
        bytes.substr(0, kSnapshotMagic.size()) != kSnapshotMagic) {
        return absl::DataLossError("not a catalog snapshot (bad magic at offset 0)");
    }
    const std::string_view body = bytes.substr(0, bytes.size() - 4);
    if (base::ByteReader(bytes.substr(body.size())).u32() != base::crc32c(body)) {
        return absl::DataLossError(
            absl::StrCat("catalog snapshot is damaged: checksum at offset ", body.size()));
    }
    base::ByteReader r(body.substr(kSnapshotMagic.size()));
    const std::uint32_t version = r.u32();
    if (version > kSharedSnapshotVersion) {
        return absl::UnimplementedError(
            absl::StrCat("catalog snapshot needs a program that reads version ", version));
    }
    if (const std::uint32_t committer = r.u32(); committer > kSharedDeletesVersion) {
        return absl::UnimplementedError(
            absl::StrCat("catalog snapshot needs a program that commits version ", committer));
    }
    if (version < kSnapshotVersionMin) {
        return absl::DataLossError("catalog snapshot is damaged: version 0");
    }
    Snapshot s;
    s.number = r.u64();
    s.writer = std::string(r.string());
    s.written_at = {version > 1 ? r.i64() : 0};
    for (std::uint64_t n = r.varint(); n > 0 && r.ok(); --n) {
        const std::uint64_t journal = r.u64();
        (journal == kNoJournal ? s.dropped_on : s.positions[journal]) = r.u64();
    }
    for (std::uint64_t n = r.varint(); n > 0 && r.ok(); --n) {
        s.segments.push_back(decode_segment(r, version));
    }
    for (std::uint64_t n = version > 1 ? r.varint() : 0; n > 0 && r.ok(); --n) {
        s.deletes.push_back(decode_delete_request(r));
    }
    for (std::uint64_t n = version > 2 ? r.varint() : 0; n > 0 && r.ok(); --n) {
        s.lineage.push_back(r.u64());
    }
    for (std::uint64_t n = version > 2 ? r.varint() : 0; n > 0 && r.ok(); --n) {
        ReplacedSegment replaced;
        replaced.key = std::string(r.string());
        replaced.replaced_by = r.varint();
        s.replaced.push_back(std::move(replaced));
    }
    if (!r.ok() || !r.done()) {
        return absl::DataLossError("catalog snapshot is damaged: fields do not fit");
    }
    return s;
}

}  // namespace logi::catalog
