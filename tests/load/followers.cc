#include "followers.h"

#include "connection.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>

namespace logi::load {
namespace {

constexpr std::uint32_t kMask = 0x4C6F6769;

// {app="load", pusher="7"} |= "level=error", from now on
std::string target_of(unsigned pusher) {
    return "/loki/api/v1/tail?limit=1&query=%7Bapp%3D%22load%22%2Cpusher%3D%22" +
           std::to_string(pusher) + "%22%7D%20%7C%3D%20%22level%3Derror%22";
}

std::size_t count_of(std::string_view text, std::string_view part) {
    std::size_t count = 0;
    for (std::size_t at = text.find(part); at != std::string_view::npos;
         at = text.find(part, at + 1)) {
        ++count;
    }
    return count;
}

}  // namespace

Followers::Followers(std::uint16_t port, unsigned count, unsigned pushers)
    : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    for (unsigned i = 0; i < count; ++i) {
        followers_.push_back(std::make_unique<Follower>());
        connect(port, i % pushers, *followers_.back());
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.u32 = i;
        ::epoll_ctl(epoll_, EPOLL_CTL_ADD, followers_.back()->fd, &event);
    }
    thread_ = std::thread([this] { run(); });
}

Followers::~Followers() {
    stopping_ = true;
    thread_.join();
    for (const auto& follower : followers_) {
        ::close(follower->fd);
    }
    ::close(epoll_);
}

void Followers::connect(std::uint16_t port, unsigned pusher, Follower& follower) const {
    follower.fd = bench::connect_to(port);
    const std::string request =
        "GET " + target_of(pusher) +
        " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    if (follower.fd < 0 || ::send(follower.fd, request.data(), request.size(), MSG_NOSIGNAL) !=
                               static_cast<ssize_t>(request.size())) {
        bench::die("a live tail cannot be connected");
    }
    std::string head;
    std::size_t end = std::string::npos;
    while (end == std::string::npos) {
        std::array<char, 4096> chunk{};
        const ssize_t n = ::recv(follower.fd, chunk.data(), chunk.size(), 0);
        if (n <= 0) {
            bench::die("a live tail is not answered");
        }
        head.append(chunk.data(), static_cast<std::size_t>(n));
        end = head.find("\r\n\r\n");
    }
    if (!head.starts_with("HTTP/1.1 101")) {
        std::fprintf(stderr, "a live tail is refused: %s\n", head.c_str());
        std::exit(1);
    }
    follower.early = head.substr(end + 4);
    ::fcntl(follower.fd, F_SETFL, O_NONBLOCK);
}

void Followers::run() {
    for (const auto& follower : followers_) {
        take(*follower, follower->early);
    }
    std::array<epoll_event, 64> events{};
    std::vector<char> chunk(256U << 10U);
    while (!stopping_) {
        const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 100);
        for (int i = 0; i < count; ++i) {
            Follower& follower = *followers_[events[static_cast<std::size_t>(i)].data.u32];
            const ssize_t n = ::recv(follower.fd, chunk.data(), chunk.size(), 0);
            if (n > 0) {
                take(follower, {chunk.data(), static_cast<std::size_t>(n)});
            } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
                follower.broken = true;
            }
            if (follower.broken) {
                ::epoll_ctl(epoll_, EPOLL_CTL_DEL, follower.fd, nullptr);
            }
        }
    }
}

void Followers::take(Follower& follower, std::string_view bytes) {
    net::WebSocketEvents events;
    if (follower.decoder.feed(bytes, events).has_value() || events.close.has_value()) {
        follower.broken = true;
    }
    if (events.ping.has_value()) {
        const std::string pong = net::websocket_masked(
            net::websocket_control(net::WebSocketOp::kPong, *events.ping), kMask);
        (void)!::send(follower.fd, pong.data(), pong.size(), MSG_NOSIGNAL);
    }
    for (const std::string& message : events.messages) {
        on_message(follower, message);
    }
}

void Followers::on_message(Follower& follower, const std::string& json) {
    const std::size_t lost = json.find("\"dropped_entries\"");
    if (lost != std::string::npos) {
        follower.dropped += count_of(std::string_view(json).substr(lost), "\"timestamp\"");
    }
    for (const std::uint64_t number : numbers_in(json)) {
        if (number < follower.next) {
            ++follower.twice;
        } else {
            follower.next = number + 1;
            ++follower.lines;
        }
    }
}

FollowerTotals Followers::finish(const Plan& plan, unsigned seconds_max) {
    const std::uint64_t errors =
        plan.lines() / kErrorEvery + (plan.lines() % kErrorEvery > kErrorEvery / 2 ? 1 : 0);
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds_max);
    const auto is_whole = [&] {
        for (const auto& follower : followers_) {
            if (!follower->broken && follower->lines + follower->dropped < errors) {
                return false;
            }
        }
        return true;
    };
    while (!is_whole() && std::chrono::steady_clock::now() < end) {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    FollowerTotals totals;
    for (const auto& follower : followers_) {
        const std::uint64_t came = follower->lines + follower->dropped;
        ++totals.connected;
        totals.lines += follower->lines;
        totals.twice += follower->twice;
        totals.dropped += follower->dropped;
        totals.missing += came < errors ? errors - came : 0;
        totals.broken += follower->broken ? 1U : 0U;
    }
    return totals;
}

}  // namespace logi::load
