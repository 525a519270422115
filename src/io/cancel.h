// A flag that tells running work that nobody waits for it any more. Thread-safe.
#pragma once

#include "base/status.h"

#include <atomic>
#include <memory>

namespace logi::io {

class CancelToken {
  public:
    // Who does not wait any more.
    enum class Cause { kNone, kClientGone, kTimeout, kStopping };

    CancelToken() : state_(std::make_shared<State>()) {}
    // Also cancelled when this one is.
    [[nodiscard]] CancelToken child() const {
        CancelToken token;
        token.state_->parent = state_;
        return token;
    }
    // The first cause counts.
    void cancel(Cause cause = Cause::kClientGone) const {
        Cause none = Cause::kNone;
        state_->cause.compare_exchange_strong(none, cause, std::memory_order_relaxed);
    }
    // Once it is cancelled: kCancelled, kDeadlineExceeded or kUnavailable, by its cause.
    [[nodiscard]] Status check() const {
        for (const State* state = state_.get(); state != nullptr; state = state->parent.get()) {
            const Cause cause = state->cause.load(std::memory_order_relaxed);
            if (cause != Cause::kNone) {
                return status_of(cause);
            }
        }
        return absl::OkStatus();
    }

  private:
    struct State {
        std::atomic<Cause> cause{Cause::kNone};
        std::shared_ptr<const State> parent;
    };
    static Status status_of(Cause cause) {
        switch (cause) {
            case Cause::kTimeout:
                return absl::DeadlineExceededError("the request took too long");
            case Cause::kStopping:
                return absl::UnavailableError("the server is stopping");
            default:
                return absl::CancelledError("the request was cancelled by the client");
        }
    }
    std::shared_ptr<State> state_;
};

}  // namespace logi::io
