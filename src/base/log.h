// Logi's own log: logfmt lines on standard error.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace logi::base {

enum class LogLevel { kDebug, kInfo, kWarn, kError };
using LogFields = std::vector<std::pair<std::string_view, std::string>>;

// ts=… level=… msg=… then the fields, values quoted where they need it. Thread-safe.
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

void set_log_level(LogLevel level);
[[nodiscard]] LogLevel log_level();
[[nodiscard]] std::string_view log_level_name(LogLevel level);
// "debug", "info", "warn" or "error"; false for anything else.
[[nodiscard]] bool parse_log_level(std::string_view name, LogLevel& out);

}  // namespace logi::base
