// Any header is safe to read as Authorization, says the same however its scheme is written, and a
// secret that is read from it comes back when it is written again.
#include "absl/strings/escaping.h"
#include "auth/authorization.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using logi::auth::parse_authorization;
using logi::auth::Secret;

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

std::string header_of(const Secret& secret) {
    return secret.basic ? "Basic " + absl::Base64Escape(secret.user + ":" + secret.text)
                        : "Bearer " + secret.text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string header(reinterpret_cast<const char*>(data), size);
    const auto secret = parse_authorization(header);
    if (!header.empty()) {
        std::string other_case = header;
        const char first = other_case[0];
        const bool letter = (first >= 'a' && first <= 'z') || (first >= 'A' && first <= 'Z');
        other_case[0] = letter ? static_cast<char>(first ^ 0x20) : first;
        require(parse_authorization(other_case) == secret);
    }
    if (!secret.has_value()) {
        return 0;
    }
    require(header.size() <= logi::auth::kAuthorizationBytesMax);
    require(secret->user.find(':') == std::string::npos);
    require(secret->basic || secret->user.empty());
    const std::string again = header_of(*secret);
    require(again.size() > logi::auth::kAuthorizationBytesMax ||
            parse_authorization(again) == secret);
    return 0;
}
