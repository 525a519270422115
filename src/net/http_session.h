// One connection of the HTTP server.
#pragma once

#include "base/mutex.h"
#include "io/cancel.h"
#include "net/http_server.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>

namespace logi::net {

struct Accepted;

// What is to be done when the server stops, by whom. Thread-safe.
class StopList {
  public:
    void add(const void* owner, std::function<void()> action) {
        const base::MutexLock lock(mutex_);
        actions_[owner] = std::move(action);
    }
    void remove(const void* owner) {
        const base::MutexLock lock(mutex_);
        actions_.erase(owner);
    }
    // Without the lock: an action may be the last to hold its owner.
    void run() {
        std::map<const void*, std::function<void()>> actions;
        {
            const base::MutexLock lock(mutex_);
            actions = actions_;
        }
        for (const auto& [owner, action] : actions) {
            action();
        }
    }

  private:
    base::Mutex mutex_;
    std::map<const void*, std::function<void()>> actions_ LOGI_GUARDED_BY(mutex_);
};

// What all connections of a server share.
struct SessionShared {
    ServerOptions options;
    HttpHandler handler;
    std::atomic<std::uint64_t> inflight_body_bytes{0};
    std::atomic<std::uint32_t> connections{0};
    std::atomic<std::uint32_t> refusals{
        0};  // connections that are being told that they are too many
    std::atomic<std::uint32_t> requests{0};  // whose answer is not yet written
    std::atomic<std::uint32_t> sockets{0};   // connections that have become WebSockets
    StopList on_stop;
    std::atomic<bool> stopping{false};
    io::CancelToken stopped;  // of which each request's is a child
};

// Serves requests until the peer, a time limit or an error ends the connection.
void serve_connection(const Accepted& accepted, std::shared_ptr<SessionShared> shared);

// Answers 503 whatever is asked, then closes; at once if too many are being told so already.
void refuse_connection(const Accepted& accepted, std::shared_ptr<SessionShared> shared);

}  // namespace logi::net
