// Many live tails on one thread, each of the errors of one pusher.
#pragma once

#include "lines.h"
#include "net/websocket_frame.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace logi::load {

struct FollowerTotals {
    std::uint64_t connected = 0;
    std::uint64_t lines = 0;
    std::uint64_t twice = 0;    // lines that came again, or behind a later one
    std::uint64_t dropped = 0;  // that the server has told of
    std::uint64_t missing = 0;  // of those that should have come, and were not told of
    std::uint64_t broken = 0;   // connections that have ended
};

class Followers {
  public:
    // Connects them all; ends the program if one cannot be.
    Followers(std::uint16_t port, unsigned count, unsigned pushers);
    ~Followers();
    Followers(const Followers&) = delete;
    Followers& operator=(const Followers&) = delete;

    // Waits until each has all errors among its pusher's lines, or the time has passed.
    FollowerTotals finish(const Plan& plan, unsigned seconds_max);

  private:
    struct Follower {
        int fd = -1;
        net::WebSocketDecoder decoder{net::WebSocketSide::kServer, 64U << 20U};
        std::string early;
        std::atomic<std::uint64_t> next{0};  // one more than the newest line
        std::atomic<std::uint64_t> lines{0};
        std::atomic<std::uint64_t> dropped{0};
        std::atomic<std::uint64_t> twice{0};
        std::atomic<bool> broken{false};
    };
    void connect(std::uint16_t port, unsigned pusher, Follower& follower) const;
    void run();
    void take(Follower& follower, std::string_view bytes);
    void on_message(Follower& follower, const std::string& json);

    std::vector<std::unique_ptr<Follower>> followers_;
    int epoll_;
    std::atomic<bool> stopping_{false};
    std::thread thread_;
};

}  // namespace logi::load
