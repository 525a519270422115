// Push bodies as agents send them, decoded (spec: Loki's push API). Translation only: what is in a
// request is judged in ingest.
#pragma once

#include "base/buffer.h"
#include "model/entry.h"
#include "model/labels.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace logi::wire {

struct PushStream {
    // JSON gives pairs, protobuf a text such as {a="b"}.
    std::variant<std::string_view, std::vector<LabelPair>> labels;
    std::vector<EntryView> entries;
};

// What a push came as. OTLP names the service of a stream by its own rules.
enum class PushFormat { kLoki, kOtlp };

// Views point into `body` and `buffers`, which the request owns.
struct PushRequest {
    std::vector<PushStream> streams;
    PushFormat format = PushFormat::kLoki;
    std::string policy;  // of ingestion, that the client names; empty: the streams decide
    base::Buffer body;
    std::vector<std::unique_ptr<std::string>> buffers;
};

struct PushError {
    int status = 400;
    std::string message;
};

// The two layouts of JSON bodies: {"stream":{…},"values":[[ns,line,…]]} of /loki/api/v1/push, and
// {"labels":"{…}","entries":[{"ts":…,"line":…}]} of the older /api/prom/push.
enum class JsonLayout { kV1, kLegacy };

struct DecodeLimits {
    std::uint64_t decompressed_bytes_max = 100ULL << 20U;
    // Of streams, entries, labels and metadata in memory, beside their texts.
    std::uint64_t decoded_bytes_max = 192ULL << 20U;
};

// What a compressed body says that it becomes, or at most is believed to.
[[nodiscard]] std::uint64_t decompressed_size_hint(std::string_view body,
                                                   std::string_view content_type,
                                                   std::string_view content_encoding);
// No more than that, or 4 MiB, is decompressed.
[[nodiscard]] std::uint64_t decompressed_bytes_max(std::string_view body,
                                                   std::string_view content_type,
                                                   std::string_view content_encoding);

// Decodes by media type and encoding. Any body is safe to pass; memory is bounded by the limits.
std::variant<PushRequest, PushError> decode_push(std::string_view body,
                                                 std::string_view content_type,
                                                 std::string_view content_encoding,
                                                 const DecodeLimits& limits,
                                                 JsonLayout layout = JsonLayout::kV1);

// The two formats, after decompression. Exposed for the fuzz targets.
std::variant<PushRequest, PushError> decode_push_json(std::string body,
                                                      const DecodeLimits& limits,
                                                      JsonLayout layout = JsonLayout::kV1);
std::variant<PushRequest, PushError> decode_push_protobuf(base::Buffer body,
                                                          const DecodeLimits& limits);

}  // namespace logi::wire
