// What the fuzzers of push bodies allow, and count.
#pragma once

#include "wire/push.h"

#include <cstddef>
#include <variant>
#include <vector>

inline logi::wire::DecodeLimits small_limits() {
    logi::wire::DecodeLimits limits;
    limits.decompressed_bytes_max = 1U << 20U;
    limits.decoded_bytes_max = 64U << 10U;
    return limits;
}

inline std::size_t decoded_bytes(const logi::wire::PushRequest& request) {
    std::size_t bytes = request.streams.size() * sizeof(logi::wire::PushStream);
    for (const auto& stream : request.streams) {
        if (const auto* labels = std::get_if<std::vector<logi::LabelPair>>(&stream.labels)) {
            bytes += labels->size() * sizeof(logi::LabelPair);
        }
        for (const auto& entry : stream.entries) {
            bytes += sizeof(entry) + entry.metadata.size() * sizeof(logi::MetadataView);
        }
    }
    return bytes;
}
