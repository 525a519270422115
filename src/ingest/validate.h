// What of a push is accepted: labels and entries are checked against the tenant's limits in Loki's
// order and refused with Loki's words, one by one; what is left is normalised.
#pragma once

#include "fields/hinted_fields.h"
#include "ingest/retention.h"
#include "ingest/stream_policy.h"
#include "model/entry.h"
#include "model/labels.h"
#include "model/limits.h"
#include "wire/push.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace logi::ingest {

// What metrics tell streams apart by.
struct StreamKind {
    std::string policy = {};           // of ingestion, or empty
    std::int64_t retention_hours = 0;  // 0: they are kept for ever
    bool internal = false;             // made of other streams, by Loki's own parts
    friend auto operator<=>(const StreamKind&, const StreamKind&) = default;
};

struct AcceptedStream {
    Labels labels;
    StreamId id;
    // Metadata is sorted by name, names are normalised and unique; the level is among it where the
    // tenant wants levels found.
    std::vector<EntryView> entries;
    StreamKind kind = {};
};

struct Validated {
    std::vector<AcceptedStream> streams;  // no two with the same labels
    // One message per refused stream or entry; of very many, the first, and how many more.
    std::vector<std::string> errors;
    std::uint64_t errors_left_out = 0;
    // When not 0, streams were dropped that nobody is to push, and this is what to answer if
    // nothing else is wrong.
    int blocked_status = 0;
    std::string blocked_message;
    // When not 0, nothing of the push is stored.
    int fatal_status = 0;
    std::string fatal_message;
    std::uint64_t lines = 0;      // accepted
    std::uint64_t bytes = 0;      // of accepted lines and metadata, without levels
    std::uint64_t cut_lines = 0;  // that were too long
    std::uint64_t cut_bytes = 0;
    std::uint64_t changed_metadata = 0;  // names and values that are not stored as they came
    struct Count {
        std::uint64_t lines = 0;
        std::uint64_t bytes = 0;
    };
    // By reason and kind of stream.
    std::map<std::pair<std::string, StreamKind>, Count> discarded;
    // Owns texts that were changed; everything else points into the request.
    std::vector<std::unique_ptr<std::string>> texts;
};

// Who pushes, what is forbidden, and what is added.
struct PushRules {
    const StreamPolicies& policies;
    const fields::HintedFields& fields;  // that become metadata
    std::string_view tenant;
    std::string_view policy;                     // that the request names, or empty
    const RetentionPolicy* retention = nullptr;  // null: everything is kept for ever
};

// Takes the entries out of `request`; they still point into its bytes, which must outlive them.
Validated validate(wire::PushRequest&& request,
                   const Limits& limits,
                   const PushRules& rules,
                   Timestamp now);
// Nothing is forbidden, nor added.
Validated validate(wire::PushRequest&& request, const Limits& limits, Timestamp now);

// The body of a 400 or 429: the message if there is one, else "N errors like: …" joined by "; ".
[[nodiscard]] std::string validation_message(const std::vector<std::string>& errors,
                                             std::uint64_t left_out = 0);

}  // namespace logi::ingest
