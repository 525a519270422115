// The payload of a journal record: the accepted, normalised entries of one push of one tenant.
// Replay never judges them again. Described in docs/format.md, "Push record".
#pragma once

#include "base/status.h"
#include "ingest/validate.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace logi::ingest {

// Afterwards the entries point into the record; what they pointed into is no longer needed.
[[nodiscard]] std::shared_ptr<const std::string> encode_record(
    std::string_view tenant, std::vector<AcceptedStream>& streams);

// Views into `payload`. kDataLoss if it is no record, kUnimplemented if its version is too new.
struct DecodedRecord {
    std::string_view tenant;
    std::vector<AcceptedStream> streams;
};
StatusOr<DecodedRecord> decode_record(std::string_view payload);

}  // namespace logi::ingest
