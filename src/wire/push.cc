#include "wire/push.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "wire/decompress.h"

namespace logi::wire {
namespace {

PushError error_of(const Status& status) {
    return {status.code() == absl::StatusCode::kOutOfRange ? 413 : 400,
            std::string(status.message())};
}

std::string lower_media_type(std::string_view content_type) {
    std::string type(content_type.substr(0, content_type.find(';')));
    while (!type.empty() && type.back() == ' ') {
        type.pop_back();
    }
    for (auto& c : type) {
        c = static_cast<char>(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
    }
    return type;
}

}  // namespace

std::variant<PushRequest, PushError> decode_push(std::string_view body,
                                                 std::string_view content_type,
                                                 std::string_view content_encoding,
                                                 const DecodeLimits& limits) {
    const std::string type = lower_media_type(content_type);
    if (type.empty()) {
        return PushError{400, "mime: no media type"};
    }
    std::string inflated;
    if (content_encoding == "gzip" || content_encoding == "deflate") {
        auto plain = content_encoding == "gzip" ? gunzip(body, limits.decompressed_bytes_max)
                                                : inflate_raw(body, limits.decompressed_bytes_max);
        if (!plain.ok()) {
            return error_of(plain.status());
        }
        inflated = *std::move(plain);
        body = inflated;
    } else if (!content_encoding.empty() && content_encoding != "snappy") {
        return PushError{
            400,
            absl::StrCat("Content-Encoding \"", std::string(content_encoding), "\" not supported")};
    }
    if (type == "application/json") {
        return decode_push_json(body, limits);
    }
    auto plain = unsnappy(body, limits.decompressed_bytes_max);
    if (!plain.ok()) {
        return error_of(plain.status());
    }
    return decode_push_protobuf(*std::move(plain), limits);
}

}  // namespace logi::wire
