// HTTP requests and answers as plain structs.
#pragma once

#include "base/status.h"
#include "io/cancel.h"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace logi::net {

class WebSocketSource;
struct PeerCertificate;

using Header = std::pair<std::string, std::string>;

struct HttpRequest {
    std::string method;
    std::string path;   // percent-decoded
    std::string query;  // behind '?', as sent
    std::vector<Header> headers;
    std::string body;
    std::string id;  // names it in logs; given by who handles it
    // What the client has shown (net/tls.h); null: nothing.
    std::shared_ptr<const PeerCertificate> peer = nullptr;
    io::CancelToken cancel;  // cancelled when the client goes away, or the server stops

    // The first header of that name, in any case; empty if absent.
    [[nodiscard]] std::string_view header(std::string_view name) const;
};

struct HttpResponse {
    int status = 200;
    std::vector<Header> headers;
    std::string body;
    // Set with status 101: what the connection says from then on (net/websocket.h).
    std::shared_ptr<WebSocketSource> socket = nullptr;
    [[nodiscard]] std::string_view header(std::string_view name) const;
};

// To be called exactly once, from any thread.
using Responder = std::function<void(HttpResponse)>;
using HttpHandler = std::function<void(HttpRequest, Responder)>;

[[nodiscard]] std::string url_encode(std::string_view text);
// '+' is a space only in forms. Malformed escapes stay as they are.
[[nodiscard]] std::string url_decode(std::string_view text, bool form);
// a=b&c=d, decoded, in order.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> parse_form(std::string_view text);

}  // namespace logi::net
