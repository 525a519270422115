// For tests: a server's end of a WebSocket that says what it is told to.
#pragma once

#include "net/websocket.h"

#include <deque>
#include <mutex>

namespace logi::net {

class Words final : public WebSocketSource {
  public:
    void open(std::function<void()> wake) override {
        const std::lock_guard<std::mutex> lock(mutex_);
        wake_ = std::move(wake);
    }
    WebSocketNext next() override {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (next_.empty()) {
            return std::monostate();
        }
        WebSocketNext next = std::move(next_.front());
        next_.pop_front();
        return next;
    }
    void closed() override {
        const std::lock_guard<std::mutex> lock(mutex_);
        ++closed_;
    }
    void say(WebSocketNext next) {
        std::function<void()> wake;
        {
            const std::lock_guard<std::mutex> lock(mutex_);
            next_.push_back(std::move(next));
            wake = wake_;
        }
        if (wake) {
            wake();
        }
    }
    int closed_count() {
        const std::lock_guard<std::mutex> lock(mutex_);
        return closed_;
    }

  private:
    std::mutex mutex_;
    std::function<void()> wake_;
    std::deque<WebSocketNext> next_;
    int closed_ = 0;
};

}  // namespace logi::net
