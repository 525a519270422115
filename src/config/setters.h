// Setters of values that configurations of several kinds hold. For .cc files that read YAML.
#pragma once

#include "base/log.h"
#include "base/time.h"
#include "config/config.h"
#include "config/sections.h"

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

namespace logi::config {

inline Setter set(bool& target) {
    return [&](const YAML::Node& v) {
        target = scalar<bool>(v, "true or false");
    };
}

inline Setter set(std::string& target) {
    return [&](const YAML::Node& v) {
        target = scalar<std::string>(v, "a text");
    };
}

inline Setter set(double& target) {
    return [&](const YAML::Node& v) {
        target = scalar<double>(v, "a number");
        if (!std::isfinite(target) || target < 0) {
            refuse(v, "expected a number that is not negative");
        }
    };
}

inline Setter set(std::uint16_t& target) {
    return [&](const YAML::Node& v) {
        target = scalar<std::uint16_t>(v, "a port number");
    };
}

inline Setter set(std::uint32_t& target) {
    return [&](const YAML::Node& v) {
        target = scalar<std::uint32_t>(v, "a whole number that is not negative");
    };
}

inline Setter set_log_level(std::string& target) {
    return [&](const YAML::Node& v) {
        target = scalar<std::string>(v, "a log level");
        base::LogLevel level = base::LogLevel::kInfo;
        if (!base::parse_log_level(target, level)) {
            refuse(v, "expected debug, info, warn or error");
        }
    };
}

inline Setter set_log_format(std::string& target) {
    return [&](const YAML::Node& v) {
        target = scalar<std::string>(v, "a log format");
        base::LogFormat format = base::LogFormat::kLogfmt;
        if (!base::parse_log_format(target, format)) {
            refuse(v, "expected logfmt or json");
        }
    };
}

inline Setter set(std::vector<std::string>& target) {
    return [&](const YAML::Node& v) {
        target = scalar<std::vector<std::string>>(v, "a list of texts");
    };
}

inline Setter set_size(std::int64_t& target) {
    return [&](const YAML::Node& v) {
        target = checked(v, parse_size(scalar<std::string>(v, "a size such as 256KB")));
    };
}

inline Setter set_duration(Duration& target) {
    return [&](const YAML::Node& v) {
        target = checked(v, parse_duration(scalar<std::string>(v, "a duration such as 1h")));
    };
}

inline Setter set_count(std::int64_t& target) {
    return [&](const YAML::Node& v) {
        target = scalar<std::int64_t>(v, "a whole number");
        if (target < 0) {
            refuse(v, "expected a whole number that is not negative");
        }
    };
}

inline Setter set(std::int64_t& target) {
    return [&](const YAML::Node& v) {
        target = scalar<std::int64_t>(v, "a whole number");
    };
}

}  // namespace logi::config
