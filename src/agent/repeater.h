// Does something again and again, a pause between, as long as it says that it has to.
#pragma once

#include "base/time.h"
#include "io/executor.h"

#include <functional>
#include <memory>
#include <utility>

namespace logi::agent {

// On one strand, which must outlive it, as must the executor.
class Repeater {
  public:
    // `body` returns whether it is to be called again.
    Repeater(io::Executor& executor, io::Strand& strand, Duration pause, std::function<bool()> body)
        : executor_(executor), strand_(strand), pause_(pause), body_(std::move(body)) {}
    ~Repeater() { *alive_ = false; }
    Repeater(const Repeater&) = delete;
    Repeater& operator=(const Repeater&) = delete;

    // Calls the body after the pause, unless it is going to be called anyway.
    void start() {
        if (!std::exchange(running_, true)) {
            call_later();
        }
    }

  private:
    void call_later() {
        executor_.post_after(pause_, [this, alive = alive_, &strand = strand_] {
            strand.post([this, alive] {
                if (!*alive) {
                    return;
                }
                if (body_()) {
                    call_later();
                } else {
                    running_ = false;
                }
            });
        });
    }

    io::Executor& executor_;
    io::Strand& strand_;
    const Duration pause_;
    const std::function<bool()> body_;
    bool running_ = false;
    const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace logi::agent
