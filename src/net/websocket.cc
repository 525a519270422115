#include "net/websocket.h"

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include <openssl/evp.h>

#include <array>

namespace logi::net {
namespace {

constexpr std::size_t kKeyBytes = 16;
constexpr std::size_t kSha1Bytes = 20;
// RFC 6455, 1.3.
constexpr const char* kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

bool has_token(std::string_view list, absl::string_view token) {
    for (const absl::string_view part :
         absl::StrSplit(absl::string_view(list.data(), list.size()), ',')) {
        if (absl::EqualsIgnoreCase(absl::StripAsciiWhitespace(part), token)) {
            return true;
        }
    }
    return false;
}

bool is_key(const std::string& key) {
    std::string bytes;
    return absl::Base64Unescape(key, &bytes) && bytes.size() == kKeyBytes;
}

}  // namespace

std::string websocket_accept(const std::string& key) {
    const std::string text = absl::StrCat(key, kGuid);
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    if (EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr) != 1 ||
        size != kSha1Bytes) {
        return {};
    }
    return absl::Base64Escape(
        absl::string_view(reinterpret_cast<const char*>(digest.data()), size));
}

std::optional<HttpResponse> accept_websocket(const HttpRequest& request,
                                             std::shared_ptr<WebSocketSource> source) {
    const std::string key(request.header("Sec-WebSocket-Key"));
    if (request.method != "GET" || !has_token(request.header("Connection"), "upgrade") ||
        !has_token(request.header("Upgrade"), "websocket") ||
        request.header("Sec-WebSocket-Version") != "13" || !is_key(key)) {
        return std::nullopt;
    }
    HttpResponse response;
    response.status = 101;
    response.headers = {{"Upgrade", "websocket"},
                        {"Connection", "Upgrade"},
                        {"Sec-WebSocket-Accept", websocket_accept(key)}};
    response.socket = std::move(source);
    return response;
}

}  // namespace logi::net
