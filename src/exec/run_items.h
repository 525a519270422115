// Runs the items of a scan on an executor, a bounded number at once.
#pragma once

#include "base/status.h"
#include "io/cancel.h"
#include "io/executor.h"

#include <functional>

namespace logi::exec {

// Calls body(0..count-1), each once, in order of start, from as many tasks as the executor runs at
// once; `done` once, with the first error, after the last has returned. Stops early at an error or
// when cancelled.
void run_items(io::Executor& executor,
               std::size_t count,
               io::CancelToken cancel,
               std::function<Status(std::size_t)> body,
               std::function<void(Status)> done);

}  // namespace logi::exec
