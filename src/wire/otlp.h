// OTLP's log exports as pushes: what Loki makes of resources, scopes, records and their attributes.
#pragma once

#include "base/time.h"
#include "wire/otlp_rules.h"
#include "wire/push.h"

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace logi::wire {

// Of one tenant. What it refers to must outlive the decoding.
struct OtlpOptions {
    const OtlpRules& rules;
    // Labels that name the service where no attribute does; if there are any, every stream has a
    // service_name.
    const std::vector<std::string>& discover_service_name;
    Timestamp now;  // of records without a time
};

// Memory for streams, entries and pairs by a byte of the body: every record gets the metadata of
// its resource and scope, which are in the body once.
inline constexpr std::uint64_t kOtlpBytesPerByte = 64;

// As decode_push(). Types are application/x-protobuf and application/json, encodings gzip, zstd and
// lz4. An export without records has no streams.
std::variant<PushRequest, PushError> decode_otlp(std::string_view body,
                                                 std::string_view content_type,
                                                 std::string_view content_encoding,
                                                 const DecodeLimits& limits,
                                                 const OtlpOptions& options);

// The two formats, after decompression. Exposed for gRPC and the fuzz targets.
std::variant<PushRequest, PushError> decode_otlp_protobuf(base::Buffer body,
                                                          const DecodeLimits& limits,
                                                          const OtlpOptions& options);
std::variant<PushRequest, PushError> decode_otlp_json(std::string body,
                                                      const DecodeLimits& limits,
                                                      const OtlpOptions& options);

// A google.rpc.Status of that message, which is how OTLP's answers say what is wrong. The code is
// left out, as in Loki.
[[nodiscard]] std::string rpc_status(std::string_view message);

// An ExportLogsServiceResponse that tells how many records were refused, and why.
[[nodiscard]] std::string otlp_partial_success(std::uint64_t rejected, std::string_view message);

}  // namespace logi::wire
