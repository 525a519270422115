// The wall clock, passed in so that tests and simulations own time. Thread-safe.
#pragma once

#include "base/time.h"

namespace logi::io {

class Clock {
  public:
    virtual ~Clock() = default;
    [[nodiscard]] virtual Timestamp now() const = 0;
};

class SystemClock final : public Clock {
  public:
    [[nodiscard]] Timestamp now() const override;
};

}  // namespace logi::io
