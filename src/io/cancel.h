// A flag that tells running work that nobody waits for it any more. Thread-safe.
#pragma once

#include "base/status.h"

#include <atomic>
#include <memory>

namespace logi::io {

class CancelToken {
  public:
    CancelToken() : flag_(std::make_shared<std::atomic<bool>>(false)) {}
    void cancel() const { flag_->store(true, std::memory_order_relaxed); }
    // kCancelled once it is.
    [[nodiscard]] Status check() const {
        return flag_->load(std::memory_order_relaxed)
                   ? absl::CancelledError("the request was cancelled by the client")
                   : absl::OkStatus();
    }

  private:
    std::shared_ptr<std::atomic<bool>> flag_;
};

}  // namespace logi::io
