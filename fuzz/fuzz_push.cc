// Any bytes are safe to push, in either format and compression; what is decoded lies inside the
// limits.
#include "wire/push.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

std::size_t decoded_bytes(const logi::wire::PushRequest& request) {
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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    logi::wire::DecodeLimits limits;
    limits.decompressed_bytes_max = 1U << 20U;
    limits.decoded_bytes_max = 64U << 10U;
    const std::string body(reinterpret_cast<const char*>(data) + 1, size - 1);
    const char* types[] = {"application/json", "application/x-protobuf"};
    const char* encodings[] = {"", "gzip", "deflate"};
    const auto check =
        [&](const std::variant<logi::wire::PushRequest, logi::wire::PushError>& decoded) {
            const auto* request = std::get_if<logi::wire::PushRequest>(&decoded);
            if (request != nullptr && decoded_bytes(*request) > limits.decoded_bytes_max) {
                std::abort();
            }
        };
    check(logi::wire::decode_push(body, types[data[0] % 2], encodings[data[0] / 2 % 3], limits));
    check(logi::wire::decode_push_json(body, limits, logi::wire::JsonLayout::kLegacy));
    check(logi::wire::decode_push_protobuf(logi::base::Buffer::copy_of(body), limits));
    return 0;
}
