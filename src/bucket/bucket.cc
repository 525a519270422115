#include "bucket/bucket.h"

#include "absl/strings/str_cat.h"

namespace logi::bucket {
namespace {

constexpr std::string_view kHex = "0123456789ABCDEF";

bool is_plain(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!-_.*'()").find(c) != std::string_view::npos;
}

}  // namespace

std::string escape_key_part(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (is_plain(c) && (c != '.' || !out.empty())) {
            out.push_back(c);
        } else {
            const auto byte = static_cast<unsigned char>(c);
            out.push_back('%');
            out.push_back(kHex[byte >> 4U]);
            out.push_back(kHex[byte & 0xFU]);
        }
    }
    return out;
}

StatusOr<std::string> unescape_key_part(std::string_view part) {
    std::string out;
    for (std::size_t i = 0; i < part.size(); ++i) {
        if (part[i] != '%') {
            out.push_back(part[i]);
            continue;
        }
        const std::size_t high = i + 2 < part.size() ? kHex.find(part[i + 1]) : std::string::npos;
        const std::size_t low = i + 2 < part.size() ? kHex.find(part[i + 2]) : std::string::npos;
        if (high == std::string::npos || low == std::string::npos) {
            return absl::InvalidArgumentError(
                absl::StrCat("not an escaped name: ", absl::string_view(part.data(), part.size())));
        }
        out.push_back(static_cast<char>(high * 16 + low));
        i += 2;
    }
    return out;
}

}  // namespace logi::bucket
