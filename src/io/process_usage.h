// What the process uses of its machine, under the names that Prometheus' own libraries have:
// process_cpu_seconds_total, process_resident_memory_bytes, process_open_fds and so on.
#pragma once

#include "base/metrics.h"
#include "io/clock.h"

#include <memory>

namespace logi::io {

// Told as long as what is returned lives. What cannot be found out is left out. `clock` is asked
// now, for the time of the start.
[[nodiscard]] std::shared_ptr<const void> tell_of_usage(base::Registry& metrics,
                                                        const Clock& clock);

}  // namespace logi::io
