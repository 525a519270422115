#include "wire/otlp.h"

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "wire/decompress.h"
#include "wire/push_error.h"

namespace logi::wire {
namespace {

// The type of a field of protobuf: a length, then bytes.
constexpr std::uint64_t kBytesField = 2;

StatusOr<std::string> decompressed(std::string_view body,
                                   std::string_view encoding,
                                   std::uint64_t bytes_max) {
    if (encoding == "gzip") {
        return gunzip(body, bytes_max);
    }
    if (encoding == "zstd") {
        return unzstd(body, bytes_max);
    }
    if (encoding == "lz4") {
        return unlz4(body, bytes_max);
    }
    return absl::InvalidArgumentError(absl::StrCat("unsupported content encoding ",
                                                   std::string(encoding),
                                                   ": only gzip, lz4 and zstd are supported"));
}

}  // namespace

std::variant<PushRequest, PushError> decode_otlp(std::string_view body,
                                                 std::string_view content_type,
                                                 std::string_view content_encoding,
                                                 const DecodeLimits& limits,
                                                 const OtlpOptions& options) {
    std::string plain;
    if (!content_encoding.empty()) {
        auto result =
            decompressed(body,
                         content_encoding,
                         std::min(limits.decompressed_bytes_max,
                                  decompressed_bytes_max(body, content_type, content_encoding)));
        if (!result.ok()) {
            return error_of(result.status());
        }
        plain = *std::move(result);
        body = plain;
    }
    if (content_type == "application/x-protobuf") {
        return decode_otlp_protobuf(base::Buffer::copy_of(body), limits, options);
    }
    if (content_type == "application/json") {
        return decode_otlp_json(
            content_encoding.empty() ? std::string(body) : std::move(plain), limits, options);
    }
    return PushError{
        400, absl::StrCat("content type: ", std::string(content_type), " is not supported")};
}

std::string rpc_status(std::string_view message) {
    std::string out;
    base::ByteWriter writer(out);
    writer.varint(2U << 3U | kBytesField);
    writer.string(message);
    return out;
}

std::string otlp_partial_success(std::uint64_t rejected, std::string_view message) {
    std::string partial;
    base::ByteWriter writer(partial);
    writer.varint(1U << 3U);
    writer.varint(rejected);
    writer.varint(2U << 3U | kBytesField);
    writer.string(message);
    std::string out;
    base::ByteWriter response(out);
    response.varint(1U << 3U | kBytesField);
    response.string(partial);
    return out;
}

}  // namespace logi::wire
