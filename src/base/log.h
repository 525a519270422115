// Logi's own log: lines on standard error, as logfmt or JSON. Whatever is in a value, it is one
// value of one line.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace logi::base {

enum class LogLevel { kDebug, kInfo, kWarn, kError };
enum class LogFormat { kLogfmt, kJson };
// Keys are our own words: letters, digits and what joins them.
using LogFields = std::vector<std::pair<std::string_view, std::string>>;

// ts=… level=… msg=… then the fields, values quoted where they need it, and cut at 16 KiB.
// Thread-safe.
void log(LogLevel level, std::string_view message, const LogFields& fields = {});
inline void log_info(std::string_view m, const LogFields& f = {}) {
    log(LogLevel::kInfo, m, f);
}
inline void log_warn(std::string_view m, const LogFields& f = {}) {
    log(LogLevel::kWarn, m, f);
}
inline void log_error(std::string_view m, const LogFields& f = {}) {
    log(LogLevel::kError, m, f);
}
inline void log_debug(std::string_view m, const LogFields& f = {}) {
    log(LogLevel::kDebug, m, f);
}

// What log() writes, without the end of the line.
[[nodiscard]] std::string log_line(LogFormat format,
                                   std::string_view time,
                                   LogLevel level,
                                   std::string_view message,
                                   const LogFields& fields);

// How many lines of that level were written so far.
[[nodiscard]] std::uint64_t log_messages(LogLevel level);

void set_log_format(LogFormat format);
// "logfmt" or "json"; false for anything else.
[[nodiscard]] bool parse_log_format(std::string_view name, LogFormat& out);

void set_log_level(LogLevel level);
[[nodiscard]] LogLevel log_level();
[[nodiscard]] std::string_view log_level_name(LogLevel level);
// "debug", "info", "warn" or "error"; false for anything else.
[[nodiscard]] bool parse_log_level(std::string_view name, LogLevel& out);

}  // namespace logi::base
