// The configuration of a server: Loki's YAML, where the meaning is the same.
#pragma once

#include "base/status.h"
#include "model/limits.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace logi::config {

struct Config {
    bool auth_enabled = false;
    std::string http_listen_address = "127.0.0.1";
    std::uint16_t http_listen_port = 3100;
    std::uint32_t http_listen_conn_limit = 0;                   // 0: as many as Logi finds safe
    Duration http_server_read_timeout = Duration::seconds(30);  // of a header, and of a body
    Duration http_server_write_timeout = Duration::seconds(30);
    std::string log_level = "info";
    std::string data_dir = "./logi-data";  // common.path_prefix
    Limits limits;
    // Keys that Loki knows and Logi has no use for, as section.key.
    std::vector<std::string> unused_keys;
};

// kInvalidArgument names file, line and, for an unknown key, the nearest known one.
StatusOr<Config> load(const std::string& text, const std::string& file_name);

// What is in force, as YAML that load() reads.
[[nodiscard]] std::string to_yaml(const Config& config);

[[nodiscard]] std::string limits_to_yaml(const Limits& limits);

// Prometheus (1w, 30d1h) or Go (1h30m, 1.5s) durations.
StatusOr<Duration> parse_duration(std::string_view text);
// As Prometheus writes durations: 30d1h, 1m, 0s. Whole milliseconds.
[[nodiscard]] std::string format_duration(Duration d);
// 256KB, 3MB, 4096: 1024-based.
StatusOr<std::int64_t> parse_size(std::string_view text);

}  // namespace logi::config
