#include "net/tcp_server.h"

#include "absl/strings/str_cat.h"
#include "net/http_session.h"
#include "net/listen.h"

#include <boost/asio.hpp>
#include <netdb.h>

#include <array>
#include <atomic>
#include <chrono>
#include <thread>
#include <utility>

namespace logi::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using ErrorCode = boost::system::error_code;

std::string peer_address(tcp::socket& socket) {
    ErrorCode ec;
    const tcp::endpoint peer = socket.remote_endpoint(ec);
    return ec ? std::string() : text_of(peer.address());
}

}  // namespace

// Connections hold it, so that what they use is there until the last of them is gone.
struct TcpServer::Impl : std::enable_shared_from_this<TcpServer::Impl> {
    explicit Impl(TcpOptions o)
        : options(std::move(o)), acceptor(asio::make_strand(context)), back_off(context) {}

    void accept();
    void serve(tcp::socket socket);

    const TcpOptions options;
    MakeReceiver make_receiver;
    OnRefused on_refused;
    asio::io_context context{1};
    tcp::acceptor acceptor;
    asio::steady_timer back_off;
    std::atomic<std::uint32_t> connections{0};
    std::atomic<bool> stopping{false};
    std::atomic<bool> stopped{false};
    StopList on_stop;  // look whether there is more
    StopList on_end;   // the deadline has passed
    std::thread thread;
};

namespace {

// All callbacks run on its strand.
template <typename Impl>
class Connection : public std::enable_shared_from_this<Connection<Impl>> {
  public:
    Connection(std::shared_ptr<Impl> server, std::unique_ptr<Stream> stream)
        : server_(std::move(server)),
          stream_(std::move(stream)),
          deadline_(stream_->get_executor()) {
        server_->connections.fetch_add(1);
    }
    ~Connection() {
        end();
        server_->on_stop.remove(this);
        server_->on_end.remove(this);
        server_->connections.fetch_sub(1);
    }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    void serve() {
        watch_stop(server_->on_stop, false);
        watch_stop(server_->on_end, true);
        asio::dispatch(stream_->get_executor(), [self = this->shared_from_this()] {
            self->address_ = peer_address(self->stream_->socket());
            if (self->stream_->tls() == nullptr) {
                self->begin();
                return;
            }
            self->set_deadline(self->server_->options.handshake_timeout);
            self->stream_->async_handshake([self](ErrorCode ec) {
                self->clear_deadline();
                if (!ec) {
                    self->begin();
                } else if (!self->server_->stopping) {
                    self->server_->on_refused(
                        self->address_,
                        self->timed_out_
                            ? std::string("the TLS handshake took too long")
                            : absl::StrCat("TLS handshake: ", self->stream_->tls()->error()));
                }
            });
        });
    }

  private:
    void watch_stop(StopList& list, bool over) {
        list.add(this, [weak = this->weak_from_this(), over] {
            const auto self = weak.lock();
            if (self != nullptr) {
                asio::post(self->stream_->get_executor(), [self, over] {
                    self->over_ = self->over_ || over;
                    self->cancel(self->deadline_number_);
                });
            }
        });
    }
    // What is under way ends, now or, between two steps of TLS, soon.
    void cancel(std::uint64_t number) {
        if (number == deadline_number_ && reading_) {
            ErrorCode ignored;
            stream_->socket().cancel(ignored);
            wait_for_deadline(kCancelAgain, number);
        }
    }
    void set_deadline(Duration limit) {
        timed_out_ = false;
        reading_ = true;
        wait_for_deadline(limit, ++deadline_number_);
    }
    void wait_for_deadline(Duration limit, std::uint64_t number) {
        deadline_.expires_after(std::chrono::nanoseconds(limit.ns));
        deadline_.async_wait([self = this->shared_from_this(), number](ErrorCode ec) {
            if (!ec && number == self->deadline_number_) {
                self->timed_out_ = true;
                self->cancel(number);
            }
        });
    }
    void clear_deadline() {
        reading_ = false;
        ++deadline_number_;
        deadline_.cancel();
    }

    void begin() {
        receiver_ = server_->make_receiver(address_);
        read();
    }

    [[nodiscard]] bool is_over() {
        if (!server_->stopping) {
            return false;
        }
        ErrorCode ec;
        return over_ || stream_->socket().available(ec) == 0 || ec;
    }

    void read() {
        if (is_over()) {
            end();
            return;
        }
        piece_.resize(server_->options.piece_bytes);
        set_deadline(server_->options.idle_timeout);
        stream_->async_read_some(
            asio::buffer(piece_),
            [self = this->shared_from_this()](ErrorCode ec, std::size_t bytes) {
                self->clear_deadline();
                self->on_read(ec, bytes);
            });
    }

    void on_read(ErrorCode ec, std::size_t bytes) {
        if (bytes > 0) {
            piece_.resize(bytes);
            receiver_->receive(std::move(piece_), [self = this->shared_from_this()](bool go_on) {
                if (!self->server_->stopped) {
                    asio::post(self->stream_->get_executor(),
                               [self, go_on] { go_on ? self->read() : self->end(); });
                }
            });
            piece_.clear();
        } else if (ec == asio::error::operation_aborted && server_->stopping && !over_ &&
                   !timed_out_) {
            read();
        } else {
            end();
        }
    }

    void end() {
        if (receiver_ != nullptr) {
            std::exchange(receiver_, nullptr)->end();
            if (stream_->tls() != nullptr) {
                stream_->tls()->say_end();
            }
        }
    }

    const std::shared_ptr<Impl> server_;
    const std::unique_ptr<Stream> stream_;
    asio::steady_timer deadline_;
    std::uint64_t deadline_number_ = 0;
    std::string address_;
    std::string piece_;
    std::shared_ptr<TcpReceiver> receiver_;
    bool reading_ = false;
    bool timed_out_ = false;
    bool over_ = false;
};

}  // namespace

void TcpServer::Impl::accept() {
    acceptor.async_accept(context,
                          [this, self = shared_from_this()](ErrorCode ec, tcp::socket socket) {
                              if (stopping) {
                                  return;
                              }
                              if (ec) {
                                  back_off.expires_after(kAcceptBackOff);
                                  back_off.async_wait([self](ErrorCode) { self->accept(); });
                                  return;
                              }
                              serve(std::move(socket));
                              accept();
                          });
}

void TcpServer::Impl::serve(tcp::socket socket) {
    const std::string address = peer_address(socket);
    if (connections >= options.connections_max) {
        on_refused(address,
                   absl::StrCat("there are ", options.connections_max, " connections already"));
        return;
    }
    ErrorCode ec;
    const bool is_v6 = acceptor.local_endpoint(ec).protocol() == tcp::v6();
    socket.set_option(asio::socket_base::keep_alive(true), ec);
    const Accepted accepted{context, socket.release(ec), is_v6};
    if (ec) {
        return;
    }
    if (auto stream = open_stream(accepted, options.tls.get()); stream != nullptr) {
        std::make_shared<Connection<Impl>>(shared_from_this(), std::move(stream))->serve();
    }
}

TcpServer::TcpServer(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {
    const tcp::endpoint endpoint = impl_->acceptor.local_endpoint();
    address_ = endpoint_text(endpoint.address(), endpoint.port());
}

TcpServer::~TcpServer() {
    shutdown(Duration{0});
}

StatusOr<std::unique_ptr<TcpServer>> TcpServer::start(const TcpOptions& options,
                                                      MakeReceiver make_receiver,
                                                      OnRefused on_refused) {
    auto impl = std::make_shared<Impl>(options);
    impl->make_receiver = std::move(make_receiver);
    impl->on_refused = std::move(on_refused);
    try {
        listen_on(impl->acceptor, impl->context, options.address, options.port);
    } catch (const std::exception& e) {
        return absl::UnavailableError(absl::StrCat(
            "cannot listen on ", host_and_port(options.address, options.port), ": ", e.what()));
    }
    auto server = std::unique_ptr<TcpServer>(new TcpServer(impl));
    asio::post(impl->acceptor.get_executor(), [impl] { impl->accept(); });
    impl->thread = std::thread([impl = impl.get()] { run_connections(impl->context); });
    return server;
}

std::uint32_t TcpServer::connections() const {
    return impl_->connections;
}

// Once nothing is under way the context has no work, and its thread ends.
void TcpServer::shutdown(Duration deadline) {
    if (!impl_->thread.joinable()) {
        return;
    }
    impl_->stopping = true;
    asio::post(impl_->acceptor.get_executor(), [impl = impl_] {
        ErrorCode ignored;
        impl->acceptor.close(ignored);
        impl->back_off.cancel();
    });
    impl_->on_stop.run();
    const auto end = std::chrono::steady_clock::now() + std::chrono::nanoseconds(deadline.ns);
    while (impl_->connections > 0 && std::chrono::steady_clock::now() < end) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    impl_->stopped = true;
    impl_->on_end.run();
    impl_->thread.join();
}

std::string host_name_of(const std::string& address) {
    ErrorCode ec;
    const tcp::endpoint endpoint(asio::ip::make_address(address, ec), 0);
    std::array<char, NI_MAXHOST> name{};
    if (ec || ::getnameinfo(endpoint.data(),
                            static_cast<socklen_t>(endpoint.size()),
                            name.data(),
                            name.size(),
                            nullptr,
                            0,
                            NI_NAMEREQD) != 0) {
        return "";
    }
    std::string text = name.data();
    if (text.ends_with('.')) {
        text.pop_back();
    }
    return text;
}

}  // namespace logi::net
