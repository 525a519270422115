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

// Views point into `body` and `buffers`, which the request owns.
struct PushRequest {
    std::vector<PushStream> streams;
    base::Buffer body;
    std::vector<std::unique_ptr<std::string>> buffers;
};

struct PushError {
    int status = 400;
    std::string message;
};

struct DecodeLimits {
    std::uint64_t decompressed_bytes_max = 256ULL << 20U;
    // Hostile bodies expand a thousandfold; logs do not.
    std::uint64_t entries_max = 10'000'000;
};

// Decodes by media type and encoding. Any body is safe to pass; memory is bounded by the limits.
std::variant<PushRequest, PushError> decode_push(std::string_view body,
                                                 std::string_view content_type,
                                                 std::string_view content_encoding,
                                                 const DecodeLimits& limits);

// The two formats, after decompression. Exposed for the fuzz targets.
std::variant<PushRequest, PushError> decode_push_json(std::string_view body,
                                                      const DecodeLimits& limits);
std::variant<PushRequest, PushError> decode_push_protobuf(base::Buffer body,
                                                          const DecodeLimits& limits);

}  // namespace logi::wire
