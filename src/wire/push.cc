#include "wire/push.h"

#include "absl/strings/str_cat.h"
#include "wire/decompress.h"
#include "wire/media_type.h"
#include "wire/push_error.h"

namespace logi::wire {
namespace {

// Text gains little more than this by deflate; what gains more is cut off at kSmallBytes.
constexpr std::uint64_t kRatioMax = 200;
constexpr std::uint64_t kDeflateRatio = 20;
constexpr std::uint64_t kSmallBytes = 4ULL << 20U;

}  // namespace

std::uint64_t decompressed_size_hint(std::string_view body,
                                     std::string_view content_type,
                                     std::string_view content_encoding) {
    if (content_encoding == "gzip") {
        return std::max<std::uint64_t>(body.size(),
                                       std::min(gzip_size_hint(body), kRatioMax * body.size()));
    }
    if (content_encoding == "deflate" || content_encoding == "lz4") {
        return kDeflateRatio * body.size();
    }
    if (content_encoding == "zstd") {
        const std::uint64_t said = zstd_size_hint(body);
        return said == 0 ? kDeflateRatio * body.size() : std::min(said, kRatioMax * body.size());
    }
    const auto type = parse_media_type(content_type);
    return type.ok() && *type == "application/json" ? body.size() : snappy_size_hint(body);
}

std::uint64_t decompressed_bytes_max(std::string_view body,
                                     std::string_view content_type,
                                     std::string_view content_encoding) {
    return std::max(kSmallBytes, decompressed_size_hint(body, content_type, content_encoding));
}

std::variant<PushRequest, PushError> decode_push(std::string_view body,
                                                 std::string_view content_type,
                                                 std::string_view content_encoding,
                                                 const DecodeLimits& limits,
                                                 JsonLayout layout) {
    const auto type = parse_media_type(content_type);
    if (!type.ok()) {
        return error_of(type.status());
    }
    std::string plain;
    const bool compressed = content_encoding == "gzip" || content_encoding == "deflate";
    if (compressed) {
        const std::uint64_t bytes_max =
            std::min(limits.decompressed_bytes_max,
                     decompressed_bytes_max(body, content_type, content_encoding));
        auto inflated =
            content_encoding == "gzip" ? gunzip(body, bytes_max) : inflate_raw(body, bytes_max);
        if (!inflated.ok()) {
            return error_of(inflated.status());
        }
        plain = *std::move(inflated);
        body = plain;
    } else if (!content_encoding.empty() && content_encoding != "snappy") {
        return PushError{
            400,
            absl::StrCat("Content-Encoding \"", std::string(content_encoding), "\" not supported")};
    }
    if (*type == "application/json") {
        return decode_push_json(compressed ? std::move(plain) : std::string(body), limits, layout);
    }
    auto message = unsnappy(body, limits.decompressed_bytes_max);
    if (!message.ok()) {
        return error_of(message.status());
    }
    return decode_push_protobuf(*std::move(message), limits);
}

}  // namespace logi::wire
