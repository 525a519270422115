// What of a push is accepted: labels and entries are checked against the tenant's limits in Loki's
// order and refused with Loki's words, one by one; what is left is normalised.
#pragma once

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

struct AcceptedStream {
    Labels labels;
    StreamId id;
    std::vector<EntryView> entries;  // metadata sorted by name, names normalised and unique
};

struct Validated {
    std::vector<AcceptedStream> streams;  // no two with the same labels
    // One message per refused stream or entry.
    std::vector<std::string> errors;
    // When not 0, nothing of the push is stored.
    int fatal_status = 0;
    std::string fatal_message;
    std::uint64_t lines = 0;  // accepted
    std::uint64_t bytes = 0;  // of accepted lines and metadata
    struct Count {
        std::uint64_t lines = 0;
        std::uint64_t bytes = 0;
    };
    std::map<std::string, Count> discarded;  // by reason
    // Owns texts that were changed; everything else points into the request.
    std::vector<std::unique_ptr<std::string>> texts;
};

// Takes the entries out of `request`; they still point into its bytes, which must outlive them.
Validated validate(wire::PushRequest&& request, const Limits& limits, Timestamp now);

// The body of a 400: the message if there is one, else "N errors like: …" joined by "; ".
[[nodiscard]] std::string validation_message(const std::vector<std::string>& errors);

// A structured metadata name as Loki stores it: every run of characters outside [A-Za-z0-9] becomes
// one '_', "__x__" keeps its ends, a leading digit gets "key_". kInvalidArgument if nothing is
// left.
StatusOr<std::string> normalise_metadata_name(std::string_view name);

}  // namespace logi::ingest
