#include "net/client_connection.h"

#include "absl/strings/str_cat.h"

#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <poll.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <vector>

namespace logi::net {
namespace {

constexpr std::size_t kAheadBytes = 16U << 10U;

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
        if (!run_until(end, [&] { return result.has_value(); })) {
            give_up();  // what was begun refers to the caller's memory
            return absl::DeadlineExceededError("the server takes too long");
        }
        return *result ? broken(*result) : absl::OkStatus();
    }

    // False if it is not done by then.
    template <typename Done>
    bool run_until(SteadyTime time, Done done) {
        context.restart();
        while (!done() && context.run_one_until(time) > 0) {
        }
        return done();
    }

    void give_up() {
        ErrorCode ignored;
        socket.close(ignored);
        context.restart();
        context.run();
    }

    template <typename Handler>
    void async_read(const asio::mutable_buffer& buffer, Handler handler) {
        if (tls.has_value()) {
            tls->async_read_some(buffer, std::move(handler));
        } else {
            socket.async_read_some(buffer, std::move(handler));
        }
    }

    // Reads into `ahead`, if nothing is there and nothing is on its way.
    void read_ahead() {
        if (reading_ahead || ahead_at < ahead_size || ahead_error) {
            return;
        }
        reading_ahead = true;
        async_read(asio::buffer(ahead), [this](ErrorCode ec, std::size_t bytes) {
            reading_ahead = false;
            ahead_at = 0;
            ahead_size = bytes;
            ahead_error = ec;
        });
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
    // What was read while nobody asked for it: a read that nobody waits for any more goes on.
    std::vector<char> ahead;
    std::size_t ahead_at = 0;
    std::size_t ahead_size = 0;
    ErrorCode ahead_error;
    bool reading_ahead = false;
};

ClientConnection::ClientConnection(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ClientConnection::~ClientConnection() {
    if (impl_->reading_ahead) {
        impl_->give_up();
    }
}

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
    Impl& impl = *impl_;
    if (impl.reading_ahead && !impl.run_until(impl.end, [&] { return !impl.reading_ahead; })) {
        impl.give_up();
        return absl::DeadlineExceededError("the server takes too long");
    }
    std::size_t size = 0;
    ErrorCode error;
    if (impl.ahead_at < impl.ahead_size || impl.ahead_error) {
        size = std::min(out.size(), impl.ahead_size - impl.ahead_at);
        std::copy_n(
            impl.ahead.begin() + static_cast<std::ptrdiff_t>(impl.ahead_at), size, out.begin());
        impl.ahead_at += size;
        error = size == 0 ? impl.ahead_error : ErrorCode();
    } else {
        const Status read = impl.run([&](auto done) {
            impl.async_read(asio::buffer(out.data(), out.size()),
                            [&size, &error, done](ErrorCode ec, std::size_t bytes) {
                                size = bytes;
                                error = ec;
                                done(ec);
                            });
        });
        if (absl::IsDeadlineExceeded(read)) {
            return read;
        }
    }
    if (error && error != asio::error::eof) {
        return broken(error);
    }
    return size;
}

bool ClientConnection::wait_readable(Duration wait) {
    impl_->ahead.resize(kAheadBytes);
    impl_->read_ahead();
    impl_->context.restart();
    impl_->context.poll();  // whatever `wait` is
    return impl_->run_until(std::chrono::steady_clock::now() + std::chrono::nanoseconds(wait.ns),
                            [&] { return !impl_->reading_ahead; });
}

bool ClientConnection::is_readable() const {
    pollfd fd{impl_->socket.native_handle(), POLLIN, 0};
    return ::poll(&fd, 1, 0) != 0;
}

}  // namespace logi::net
