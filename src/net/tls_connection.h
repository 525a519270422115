// One TLS connection of a server, over a socket that does not block. For the .cc files of this
// module.
#pragma once

#include "net/tls_context.h"

#include <cstddef>
#include <memory>
#include <string_view>

namespace logi::net {

// How far one call came. kWait…: again, in the same way, once the socket is ready for it.
enum class TlsStep { kDone, kWaitToRead, kWaitToWrite, kEnd, kFailed };

// One thread at a time. The process must ignore SIGPIPE.
class TlsConnection {
  public:
    // `fd` stays the caller's. Null without memory.
    static std::unique_ptr<TlsConnection> make(const TlsContext& context, int fd);
    ~TlsConnection();
    TlsConnection(const TlsConnection&) = delete;
    TlsConnection& operator=(const TlsConnection&) = delete;

    TlsStep handshake();
    // `bytes` is how many were read or written. What is to be written again must begin in the same
    // way, and be no less.
    TlsStep read(void* out, std::size_t size, std::size_t& bytes);
    TlsStep write(const void* data, std::size_t size, std::size_t& bytes);
    // As read(), but what the peer has sent stays to be read.
    TlsStep look();
    // Tells the peer that nothing more is sent, if the socket takes it.
    void say_end();

    // After the handshake; null if the peer has shown none.
    [[nodiscard]] std::shared_ptr<const PeerCertificate> peer() const;
    // After a handshake that failed: why, and whether the peer does not know that this is TLS.
    [[nodiscard]] const std::string& error() const { return error_; }
    [[nodiscard]] bool peer_speaks_http() const { return speaks_http_; }

  private:
    struct Free {
        void operator()(ssl_st* ssl) const;
    };
    explicit TlsConnection(std::unique_ptr<ssl_st, Free> ssl) : ssl_(std::move(ssl)) {}
    TlsStep step_of(int result);

    const std::unique_ptr<ssl_st, Free> ssl_;
    std::string error_;
    bool speaks_http_ = false;
};

}  // namespace logi::net
