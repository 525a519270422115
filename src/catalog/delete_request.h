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

// Entries that a log query picks in a time range, of those that had arrived when it was made.
struct DeleteRequest {
    std::string id;
    std::string query;
    Timestamp first;  // both included
    Timestamp last;
    Timestamp created_at;
    // How far the journals of then had come. What is after that, or of a later journal, stays.
    std::map<std::uint64_t, std::uint64_t> arrived;
    // Number of the snapshot that it was made on.
    std::uint64_t made_on = 0;
    // Number of the snapshot since which flushes and compaction leave its entries out; 0: they are
    // only hidden.
    std::uint64_t due_on = 0;
    Timestamp processed_at;  // 0: not yet; afterwards it is only remembered

    [[nodiscard]] bool pending() const { return processed_at == Timestamp(); }
    [[nodiscard]] bool due() const { return pending() && due_on != 0; }
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
