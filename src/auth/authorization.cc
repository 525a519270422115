#include "auth/authorization.h"

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"

namespace logi::auth {

std::optional<Secret> parse_authorization(std::string_view header) {
    constexpr std::string_view kBearer = "Bearer ";
    constexpr std::string_view kBasic = "Basic ";
    const absl::string_view text(header.data(), header.size());
    if (header.size() > kAuthorizationBytesMax) {
        return std::nullopt;
    }
    if (absl::StartsWithIgnoreCase(text, kBearer.data())) {
        return Secret{"", std::string(header.substr(kBearer.size())), false};
    }
    std::string pair;
    if (!absl::StartsWithIgnoreCase(text, kBasic.data()) ||
        !absl::Base64Unescape(text.substr(kBasic.size()), &pair)) {
        return std::nullopt;
    }
    const std::size_t colon = pair.find(':');
    if (colon == std::string::npos) {
        return std::nullopt;
    }
    return Secret{pair.substr(0, colon), pair.substr(colon + 1), true};
}

}  // namespace logi::auth
