// A request to delete entries of a tenant, and its bytes (docs/format.md, "Catalog").
#pragma once

#include "base/bytes.h"
#include "base/status.h"
#include "base/time.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace logi::catalog {

// Among the journals of a request: all that it does not name. A bucket that several processes share
// has it in each request; then the others are those that were gone when it was made. One that came
// later is named, from its first commit on, with position 0.
inline constexpr std::uint64_t kOtherJournals = UINT64_MAX;

// Entries that a log query picks in a time range, of those that had arrived when it was made.
struct DeleteRequest {
    std::string id;
    std::string query;
    Timestamp first;  // both included
    Timestamp last;
    Timestamp created_at;
    // How far the journals of then had come. What is after that, or of a later journal, stays: of
    // those that are not named here, journals behind the last one.
    std::map<std::uint64_t, std::uint64_t> arrived;
    // Number of the snapshot that it was made on.
    std::uint64_t made_on = 0;
    // Number of the snapshot since which flushes and compaction leave its entries out; 0: they are
    // only hidden.
    std::uint64_t due_on = 0;
    Timestamp processed_at;  // 0: not yet; afterwards it is only remembered

    [[nodiscard]] bool pending() const { return processed_at == Timestamp(); }
    [[nodiscard]] bool due() const { return pending() && due_on != 0; }
    // Whether it covers entries of a journal that it does not name.
    [[nodiscard]] bool covers_unnamed(std::uint64_t journal) const {
        return !arrived.empty() && !arrived.contains(journal) && journal < arrived.rbegin()->first;
    }
    // Whether it covers some entries of that interval of a journal, and not those behind them.
    [[nodiscard]] bool cuts(std::uint64_t journal, std::uint64_t from, std::uint64_t to) const {
        const auto it = arrived.find(journal);
        return pending() && it != arrived.end() && from < it->second && it->second < to;
    }
    [[nodiscard]] bool overlaps(Timestamp min, Timestamp max) const {
        return min <= last && first <= max;
    }
    friend bool operator==(const DeleteRequest&, const DeleteRequest&) = default;
};

void encode(base::ByteWriter& w, const DeleteRequest& request);
// The reader's ok() tells whether there was one.
DeleteRequest decode_delete_request(base::ByteReader& r);

// As an object of its own, which survives the snapshots. kDataLoss for damaged bytes.
[[nodiscard]] std::string encode_delete_object(const DeleteRequest& request);
StatusOr<DeleteRequest> decode_delete_object(std::string_view bytes);

}  // namespace logi::catalog
