// A connection that has become a WebSocket.
#pragma once

#include "net/http_session.h"
#include "net/websocket.h"

#include <memory>
#include <string>

namespace logi::net {

class Stream;

// Speaks for `source` until it or the peer closes, the peer is not heard any more, or the server
// stops. `received` are bytes that came behind the request. Called on the stream's strand.
void serve_websocket(std::unique_ptr<Stream> stream,
                     std::string received,
                     std::shared_ptr<WebSocketSource> source,
                     std::shared_ptr<SessionShared> shared);

}  // namespace logi::net
