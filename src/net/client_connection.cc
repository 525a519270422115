#include "net/client_connection.h"

#include "absl/strings/str_cat.h"

#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <poll.h>

#include <chrono>
#include <optional>

namespace logi::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using ErrorCode = boost::system::error_code;
using SteadyTime = std::chrono::steady_clock::time_point;
using TlsStream = asio::ssl::stream<tcp::socket&>;

Status broken(const ErrorCode& ec) {
    return absl::UnavailableError(
        ec == asio::ssl::error::stream_truncated ? "the connection was cut" : ec.message());
}

}  // namespace

struct ClientConnection::Impl {
    Impl() : socket(context) {}

    // Runs what `start` begins, which calls its argument when it is done.
    template <typename Start>
    Status run(Start start) {
        std::optional<ErrorCode> result;
        start([&result](ErrorCode ec, auto&&...) { result = ec; });
        context.restart();
        context.run_until(end);
        if (!result.has_value()) {
            ErrorCode ignored;
            socket.close(ignored);
            context.run();  // what was begun refers to the caller's memory
            return absl::DeadlineExceededError("the server takes too long");
        }
        return *result ? broken(*result) : absl::OkStatus();
    }

    Status connect(const ServerUrl& url) {
        ErrorCode ec;
        tcp::resolver resolver(context);
        const auto addresses = resolver.resolve(url.host, url.port, ec);
        if (ec) {
            return broken(ec);
        }
        return run([&](auto done) { asio::async_connect(socket, addresses, std::move(done)); });
    }

    Status handshake(const ServerUrl& url, const ClientTls& wanted, const TlsContext& tls_context) {
        // Asio's context frees what it is given.
        SSL_CTX_up_ref(tls_context.get());
        asio::ssl::context borrowed(tls_context.get());
        tls.emplace(socket, borrowed);
        LOGI_RETURN_IF_ERROR(expect_server(*tls->native_handle(), wanted, url.host));
        const Status done =
            run([&](auto handler) { tls->async_handshake(TlsStream::client, std::move(handler)); });
        return done.ok() || absl::IsDeadlineExceeded(done)
                   ? done
                   : absl::UnavailableError(
                         handshake_error(*tls->native_handle(), std::string(message_of(done))));
    }

    asio::io_context context;
    tcp::socket socket;
    std::optional<TlsStream> tls;
    SteadyTime end;
};

ClientConnection::ClientConnection(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ClientConnection::~ClientConnection() = default;

StatusOr<std::unique_ptr<ClientConnection>> ClientConnection::open(const ServerUrl& url,
                                                                   const ClientTls& tls,
                                                                   const TlsContext& context,
                                                                   Duration timeout) {
    std::unique_ptr<ClientConnection> connection(new ClientConnection(std::make_unique<Impl>()));
    connection->set_time_left(timeout);
    LOGI_RETURN_IF_ERROR(connection->impl_->connect(url));
    ErrorCode ignored;
    connection->impl_->socket.set_option(tcp::no_delay(true), ignored);
    if (url.tls) {
        LOGI_RETURN_IF_ERROR(connection->impl_->handshake(url, tls, context));
    }
    return connection;
}

void ClientConnection::set_time_left(Duration left) {
    impl_->end = std::chrono::steady_clock::now() + std::chrono::nanoseconds(left.ns);
}

Status ClientConnection::write(std::string_view bytes) {
    const auto buffer = asio::buffer(bytes.data(), bytes.size());
    return impl_->run([&](auto done) {
        if (impl_->tls.has_value()) {
            asio::async_write(*impl_->tls, buffer, std::move(done));
        } else {
            asio::async_write(impl_->socket, buffer, std::move(done));
        }
    });
}

StatusOr<std::size_t> ClientConnection::read_some(absl::Span<char> out) {
    const auto buffer = asio::buffer(out.data(), out.size());
    std::size_t size = 0;
    bool at_end = false;
    const Status read = impl_->run([&](auto done) {
        auto handler = [&size, &at_end, done](ErrorCode ec, std::size_t bytes) {
            size = bytes;
            at_end = ec == asio::error::eof;
            done(ec);
        };
        if (impl_->tls.has_value()) {
            impl_->tls->async_read_some(buffer, std::move(handler));
        } else {
            impl_->socket.async_read_some(buffer, std::move(handler));
        }
    });
    if (!read.ok() && !at_end) {
        return read;
    }
    return size;
}

bool ClientConnection::is_readable() const {
    pollfd fd{impl_->socket.native_handle(), POLLIN, 0};
    return ::poll(&fd, 1, 0) != 0;
}

}  // namespace logi::net
