// Durations and byte sizes as LogQL writes them.
#pragma once

#include "base/status.h"
#include "base/time.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace logi::logql {

// Prometheus' form (1d, 1h30m), else Go's (1.5h, -90s).
[[nodiscard]] std::optional<Duration> parse_duration(std::string_view text);

// 1h30m0s, 1.5s, 20µs: Go's form.
[[nodiscard]] std::string format_go_duration(Duration duration);

// 1d, 1h30m, 100ms: Prometheus' form. What is finer than milliseconds is cut off.
[[nodiscard]] std::string format_prometheus_duration(Duration duration);

// A number and a unit: kB = 1000, KiB = 1024, in any case, B may be left out. The size is the one
// that format_byte_size shows, so 1.5KiB is 1500 bytes: Loki hands queries on as printed text.
[[nodiscard]] std::optional<std::uint64_t> parse_byte_size(std::string_view text);

// 42B, 1.5kB, 124MB: powers of 1000, one decimal below ten.
[[nodiscard]] std::string format_byte_size(std::uint64_t bytes);

}  // namespace logi::logql
