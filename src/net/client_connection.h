// A connection to a server, plain or with TLS, whose calls block: for the command line, for what
// ships lines, and for tests.
#pragma once

#include "absl/types/span.h"
#include "base/time.h"
#include "net/tls.h"
#include "net/tls_context.h"
#include "net/url.h"

#include <cstddef>
#include <memory>
#include <string_view>

namespace logi::net {

// One thread at a time.
class ClientConnection {
  public:
    // `context` is that of `tls`; null for http://. kUnavailable if the server cannot be reached or
    // is not whom it has to be; kDeadlineExceeded when it takes longer than `timeout`, which does
    // not count the look-up of its name.
    static StatusOr<std::unique_ptr<ClientConnection>> open(const ServerUrl& url,
                                                            const ClientTls& tls,
                                                            const TlsContext& context,
                                                            Duration timeout);
    ~ClientConnection();
    ClientConnection(const ClientConnection&) = delete;
    ClientConnection& operator=(const ClientConnection&) = delete;

    // How long all reads and writes from now on may take together. What is begun after it has
    // passed gets kDeadlineExceeded, and the connection is of no use any more.
    void set_time_left(Duration left);
    // All of it. kUnavailable when the connection breaks.
    Status write(std::string_view bytes);
    // How many bytes came, at least one; 0 at the end. kUnavailable when the connection breaks or,
    // with TLS, ends where the server has not said so.
    StatusOr<std::size_t> read_some(absl::Span<char> out);
    // Whether read_some() has something to give, or would fail, within `wait`, whatever time is
    // left.
    [[nodiscard]] bool wait_readable(Duration wait);
    // Whether the server has sent something, or closed, while nothing was asked of it.
    [[nodiscard]] bool is_readable() const;

  private:
    struct Impl;
    explicit ClientConnection(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace logi::net
