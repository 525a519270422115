// Any bytes are safe to push, in either format and compression; what is decoded lies inside the
// limits.
#include "decoded_bytes.h"
#include "wire/push.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const logi::wire::DecodeLimits limits = small_limits();
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
