#include "base/log.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <array>
#include <memory>

namespace logi::base {
namespace {

constexpr std::array<std::string_view, 4> kNames = {"debug", "info", "warn", "error"};

spdlog::logger& logger() {
    static const std::shared_ptr<spdlog::logger> instance = [] {
        auto l = std::make_shared<spdlog::logger>(
            "logi", std::make_shared<spdlog::sinks::stderr_sink_mt>());
        l->set_formatter(std::make_unique<spdlog::pattern_formatter>(
            "ts=%Y-%m-%dT%H:%M:%S.%eZ %v", spdlog::pattern_time_type::utc));
        return l;
    }();
    return *instance;
}

spdlog::level::level_enum to_spdlog(LogLevel level) {
    switch (level) {
        case LogLevel::kDebug:
            return spdlog::level::debug;
        case LogLevel::kInfo:
            return spdlog::level::info;
        case LogLevel::kWarn:
            return spdlog::level::warn;
        case LogLevel::kError:
            break;
    }
    return spdlog::level::err;
}

void append_value(std::string& out, std::string_view value) {
    const bool plain =
        !value.empty() && value.find_first_of(" =\"\n\t\r") == std::string_view::npos;
    if (plain) {
        out.append(value);
        return;
    }
    out.push_back('"');
    for (const char c : value) {
        if (c == '"' || c == '\\') {
            out.push_back('\\');
            out.push_back(c);
        } else if (c == '\n') {
            out.append("\\n");
        } else if (static_cast<unsigned char>(c) < 0x20) {
            out.push_back(' ');
        } else {
            out.push_back(c);
        }
    }
    out.push_back('"');
}

}  // namespace

void log(LogLevel level, std::string_view message, const LogFields& fields) {
    const auto spd_level = to_spdlog(level);
    if (!logger().should_log(spd_level)) {
        return;
    }
    std::string text = "level=";
    text.append(log_level_name(level)).append(" msg=");
    append_value(text, message);
    for (const auto& [key, value] : fields) {
        text.append(" ").append(key).append("=");
        append_value(text, value);
    }
    logger().log(spd_level, "{}", text);
    logger().flush();
}

void set_log_level(LogLevel level) {
    logger().set_level(to_spdlog(level));
}

LogLevel log_level() {
    switch (logger().level()) {
        case spdlog::level::trace:
        case spdlog::level::debug:
            return LogLevel::kDebug;
        case spdlog::level::info:
            return LogLevel::kInfo;
        case spdlog::level::warn:
            return LogLevel::kWarn;
        default:
            return LogLevel::kError;
    }
}

std::string_view log_level_name(LogLevel level) {
    return kNames[static_cast<std::size_t>(level)];
}

bool parse_log_level(std::string_view name, LogLevel& out) {
    for (std::size_t i = 0; i < kNames.size(); ++i) {
        if (kNames[i] == name) {
            out = static_cast<LogLevel>(i);
            return true;
        }
    }
    return false;
}

}  // namespace logi::base
