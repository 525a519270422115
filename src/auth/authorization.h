// What an Authorization header says.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace logi::auth {

// Beyond that a header is none.
inline constexpr std::size_t kAuthorizationBytesMax = 4096;

struct Secret {
    std::string user;  // of a password
    std::string text;
    bool basic = false;  // a password; else a token

    friend bool operator==(const Secret&, const Secret&) = default;
};

// Of "Bearer TOKEN" and of "Basic", whose text is USER:PASSWORD in Base64; nothing for any other.
[[nodiscard]] std::optional<Secret> parse_authorization(std::string_view header);

}  // namespace logi::auth
