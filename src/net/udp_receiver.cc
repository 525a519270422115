#include "net/udp_receiver.h"

#include "absl/strings/str_cat.h"
#include "net/listen.h"

#include <boost/asio.hpp>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstring>
#include <thread>

namespace logi::net {
namespace {

namespace asio = boost::asio;
using asio::ip::udp;
using ErrorCode = boost::system::error_code;

constexpr std::size_t kDatagramBytesMax = 64U << 10U;
constexpr std::size_t kBatch = 16;  // of datagrams

void bind_to(udp::socket& socket, const udp::endpoint& endpoint) {
    socket.open(endpoint.protocol());
    if (endpoint.address().is_unspecified() && endpoint.protocol() == udp::v6()) {
        socket.set_option(asio::ip::v6_only(false));
    }
    socket.bind(endpoint);
}

void bind_to(udp::socket& socket, asio::io_context& context, const UdpOptions& options) {
    try {
        bind_to(socket,
                options.address.empty()
                    ? udp::endpoint(udp::v6(), options.port)
                    : udp::endpoint(resolve_host(context, options.address), options.port));
    } catch (const boost::system::system_error& e) {
        if (!options.address.empty() || !is_missing_family(e.code())) {
            throw;
        }
        ErrorCode ignored;
        socket.close(ignored);
        bind_to(socket, udp::endpoint(udp::v4(), options.port));
    }
}

std::string address_of(const sockaddr_storage& from, std::size_t size) {
    udp::endpoint endpoint;
    std::memcpy(endpoint.data(), &from, std::min(size, endpoint.capacity()));
    return text_of(endpoint.address());
}

// One call's datagrams, in memory that is used again.
class Batch {
  public:
    Batch() : bytes_(kBatch * kDatagramBytesMax) {
        for (std::size_t i = 0; i < kBatch; ++i) {
            pieces_[i] = {bytes_.data() + i * kDatagramBytesMax, kDatagramBytesMax};
        }
    }

    // How many there are; 0: none for now.
    std::size_t receive(int fd) {
        for (std::size_t i = 0; i < kBatch; ++i) {
            msghdr& header = messages_[i].msg_hdr;
            header = {};
            header.msg_name = &from_[i];
            header.msg_namelen = sizeof(from_[i]);
            header.msg_iov = &pieces_[i];
            header.msg_iovlen = 1;
            header.msg_control = controls_[i].data();
            header.msg_controllen = controls_[i].size();
        }
        const int n = ::recvmmsg(fd, messages_.data(), kBatch, MSG_DONTWAIT, nullptr);
        return n > 0 ? static_cast<std::size_t>(n) : 0;
    }

    [[nodiscard]] Datagram datagram(std::size_t i) const {
        return {address_of(from_[i], messages_[i].msg_hdr.msg_namelen),
                std::string(static_cast<const char*>(pieces_[i].iov_base), messages_[i].msg_len)};
    }

    // How many the socket has dropped in all, as this one says; less when it says nothing.
    [[nodiscard]] std::uint32_t dropped(std::size_t i) {
        msghdr& header = messages_[i].msg_hdr;
        for (cmsghdr* each = CMSG_FIRSTHDR(&header); each != nullptr;
             each = CMSG_NXTHDR(&header, each)) {
            if (each->cmsg_level == SOL_SOCKET && each->cmsg_type == SO_RXQ_OVFL) {
                std::uint32_t count = 0;
                std::memcpy(&count, CMSG_DATA(each), sizeof(count));
                return count;
            }
        }
        return 0;
    }

  private:
    std::vector<char> bytes_;
    std::array<iovec, kBatch> pieces_{};
    std::array<sockaddr_storage, kBatch> from_{};
    std::array<std::array<char, 64>, kBatch> controls_{};
    std::array<mmsghdr, kBatch> messages_{};
};

}  // namespace

struct UdpReceiver::Impl {
    explicit Impl(Handler h) : handler(std::move(h)), socket(context) {}
    ~Impl() {
        if (wake >= 0) {
            ::close(wake);
        }
    }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    void run();
    // False: there was nothing.
    bool receive(Batch& batch);

    const Handler handler;
    asio::io_context context;
    udp::socket socket;
    int wake = -1;
    std::uint32_t dropped = 0;
    std::atomic<std::int64_t> stop_at{0};  // of the steady clock; 0: not to stop
    std::thread thread;
};

bool UdpReceiver::Impl::receive(Batch& batch) {
    const std::size_t count = batch.receive(socket.native_handle());
    std::vector<Datagram> datagrams;
    datagrams.reserve(count);
    std::uint32_t lost = 0;
    for (std::size_t i = 0; i < count; ++i) {
        datagrams.push_back(batch.datagram(i));
        if (const std::uint32_t total = batch.dropped(i); total != 0) {
            lost += total - dropped;  // also when the count has begun anew
            dropped = total;
        }
    }
    if (count > 0) {
        handler(std::move(datagrams), lost);
    }
    return count > 0;
}

void UdpReceiver::Impl::run() {
    Batch batch;
    std::array<pollfd, 2> waits{pollfd{socket.native_handle(), POLLIN, 0}, pollfd{wake, POLLIN, 0}};
    while (true) {
        const std::int64_t end = stop_at;
        const bool some = receive(batch);
        if (end != 0 &&
            (!some || std::chrono::steady_clock::now().time_since_epoch().count() >= end)) {
            return;
        }
        if (!some) {
            ::poll(waits.data(), waits.size(), -1);
        }
    }
}

UdpReceiver::UdpReceiver(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {
    const udp::endpoint endpoint = impl_->socket.local_endpoint();
    address_ = endpoint_text(endpoint.address(), endpoint.port());
}

UdpReceiver::~UdpReceiver() {
    shutdown(Duration{0});
}

StatusOr<std::unique_ptr<UdpReceiver>> UdpReceiver::start(const UdpOptions& options,
                                                          Handler handler) {
    auto impl = std::make_unique<Impl>(std::move(handler));
    try {
        bind_to(impl->socket, impl->context, options);
    } catch (const std::exception& e) {
        return absl::UnavailableError(absl::StrCat(
            "cannot listen on ", host_and_port(options.address, options.port), ": ", e.what()));
    }
    const int on = 1;
    const int bytes = static_cast<int>(options.buffer_bytes);
    const int fd = impl->socket.native_handle();
    if (::setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) != 0) {
        // Only root may have more than the system's maximum.
        static_cast<void>(::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes)));
    }
    if (::setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof(on)) != 0 ||
        (impl->wake = ::eventfd(0, EFD_CLOEXEC)) < 0) {
        return absl::UnavailableError(absl::StrCat("cannot receive: ", std::strerror(errno)));
    }
    auto receiver = std::unique_ptr<UdpReceiver>(new UdpReceiver(std::move(impl)));
    receiver->impl_->thread = std::thread([impl = receiver->impl_.get()] { impl->run(); });
    return receiver;
}

void UdpReceiver::shutdown(Duration deadline) {
    if (!impl_->thread.joinable()) {
        return;
    }
    impl_->stop_at = (std::chrono::steady_clock::now() + std::chrono::nanoseconds(deadline.ns))
                         .time_since_epoch()
                         .count();
    const std::uint64_t one = 1;
    static_cast<void>(::write(impl_->wake, &one, sizeof(one)));
    impl_->thread.join();
}

}  // namespace logi::net
