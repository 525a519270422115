// Label values as numbers, and numbers as text, by the rules of Go and of its humanize package.
//
// The parse_ functions return false for a text that is none, and then put Go's error text into
// *error, unless that is null. They do not allocate where `error` has room.
#pragma once

#include "base/time.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace logi::fields {

// strconv.ParseFloat: 1e3, +.5, 5., 1_000, inf, NaN, 0x1p-2.
bool parse_go_float(std::string_view text, double& value, std::string* error);

// time.ParseDuration: 1h2m3.004s, -5s, .5s, 0; units ns us µs ms s m h.
bool parse_go_duration(std::string_view text, Duration& value, std::string* error);

// humanize.ParseBytes: 1.5GiB, 1,024 kb, 12; KB is 1000, KiB 1024, case does not matter.
bool parse_humanize_bytes(std::string_view text, std::uint64_t& bytes, std::string* error);

// strconv.FormatFloat(value, 'f', -1, 64): the shortest digits that give the value back, without an
// exponent; NaN, +Inf, -Inf.
[[nodiscard]] std::string format_go_float(double value);

// time.Duration.String: 1h2m3.004s, 24h0m0s, 1.5ms, 0s.
[[nodiscard]] std::string format_go_duration(Duration value);

// time.Duration.Seconds.
[[nodiscard]] double seconds_of(Duration value);

// humanize.Bytes: 999 B, 1.5 kB, 15 MB.
[[nodiscard]] std::string format_humanize_bytes(std::uint64_t bytes);

}  // namespace logi::fields
