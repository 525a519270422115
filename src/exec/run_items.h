// Runs the items of a scan on an executor, a bounded number at once.
#pragma once

#include "base/mutex.h"
#include "base/status.h"
#include "io/cancel.h"
#include "io/executor.h"

#include <functional>
#include <string>
#include <vector>

namespace logi::exec {

// What a query had to leave out because stored bytes are damaged. Thread-safe.
class Damage {
  public:
    // OK for damage, which is noted and logged; every other status as it is.
    Status note(const Status& status);
    [[nodiscard]] std::vector<std::string> list() const;

  private:
    mutable base::Mutex mutex_;
    std::vector<std::string> list_ LOGI_GUARDED_BY(mutex_);
};

// Calls body(0..count-1), each once, in order of start, from as many tasks as the executor runs at
// once; `done` once, with the first error, after the last has returned. Stops early at an error or
// when cancelled.
void run_items(io::Executor& executor,
               std::size_t count,
               io::CancelToken cancel,
               std::function<Status(std::size_t)> body,
               std::function<void(Status)> done);

}  // namespace logi::exec
