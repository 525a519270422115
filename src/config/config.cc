#include "config/config.h"

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/log.h"
#include "config/known_keys.h"

#include <yaml-cpp/yaml.h>

#include <cmath>
#include <functional>
#include <map>
#include <set>

namespace logi::config {
namespace {

// Of a mistyped key.
constexpr std::size_t kShownMax = 100;
// Below the greatest int64, in a double.
constexpr double kNumberMax = 9e18;

struct BadConfig {
    int line;
    std::string message;
};

[[noreturn]] void refuse(const YAML::Node& at, std::string message) {
    throw BadConfig{at.Mark().line + 1, std::move(message)};
}

template <typename T>
T scalar(const YAML::Node& value, const char* what) {
    try {
        return value.as<T>();
    } catch (const YAML::Exception&) {
        refuse(value, absl::StrCat("expected ", what));
    }
}

template <typename T>
T checked(const YAML::Node& value, StatusOr<T> parsed) {
    if (!parsed.ok()) {
        refuse(value, std::string(parsed.status().message()));
    }
    return *parsed;
}

using Setter = std::function<void(const YAML::Node&)>;
using Setters = std::map<std::string, Setter>;

Setter set(bool& target) {
    return [&](const YAML::Node& v) {
        target = scalar<bool>(v, "true or false");
    };
}
Setter set(std::string& target) {
    return [&](const YAML::Node& v) {
        target = scalar<std::string>(v, "a text");
    };
}
Setter set(double& target) {
    return [&](const YAML::Node& v) {
        target = scalar<double>(v, "a number");
        if (!std::isfinite(target) || target < 0) {
            refuse(v, "expected a number that is not negative");
        }
    };
}
Setter set(std::uint16_t& target) {
    return [&](const YAML::Node& v) {
        target = scalar<std::uint16_t>(v, "a port number");
    };
}
Setter set(std::uint32_t& target) {
    return [&](const YAML::Node& v) {
        target = scalar<std::uint32_t>(v, "a whole number that is not negative");
    };
}
Setter set_log_level(std::string& target) {
    return [&](const YAML::Node& v) {
        target = scalar<std::string>(v, "a log level");
        base::LogLevel level = base::LogLevel::kInfo;
        if (!base::parse_log_level(target, level)) {
            refuse(v, "expected debug, info, warn or error");
        }
    };
}
Setter set(std::vector<std::string>& target) {
    return [&](const YAML::Node& v) {
        target = scalar<std::vector<std::string>>(v, "a list of texts");
    };
}
Setter set_count(std::int64_t& target) {
    return [&](const YAML::Node& v) {
        target = scalar<std::int64_t>(v, "a whole number");
        if (target < 0) {
            refuse(v, "expected a whole number that is not negative");
        }
    };
}
Setter set_size(std::int64_t& target) {
    return [&](const YAML::Node& v) {
        target = checked(v, parse_size(scalar<std::string>(v, "a size such as 256KB")));
    };
}
Setter set_duration(Duration& target) {
    return [&](const YAML::Node& v) {
        target = checked(v, parse_duration(scalar<std::string>(v, "a duration such as 1h")));
    };
}

Setters limits_setters(Limits& l) {
    return {
        {"ingestion_rate_mb", set(l.ingestion_rate_mb)},
        {"ingestion_burst_size_mb", set(l.ingestion_burst_size_mb)},
        {"max_label_name_length", set_count(l.max_label_name_length)},
        {"max_label_value_length", set_count(l.max_label_value_length)},
        {"max_label_names_per_series", set_count(l.max_label_names_per_series)},
        {"reject_old_samples", set(l.reject_old_samples)},
        {"reject_old_samples_max_age", set_duration(l.reject_old_samples_max_age)},
        {"creation_grace_period", set_duration(l.creation_grace_period)},
        {"max_line_size", set_size(l.max_line_size)},
        {"max_line_size_truncate", set(l.max_line_size_truncate)},
        {"max_line_size_truncate_identifier", set(l.max_line_size_truncate_identifier)},
        {"increment_duplicate_timestamp", set(l.increment_duplicate_timestamp)},
        {"allow_structured_metadata", set(l.allow_structured_metadata)},
        {"max_structured_metadata_size", set_size(l.max_structured_metadata_size)},
        {"max_structured_metadata_entries_count",
         set_count(l.max_structured_metadata_entries_count)},
        {"discover_log_levels", set(l.discover_log_levels)},
        {"log_level_fields", set(l.log_level_fields)},
        {"log_level_from_json_max_depth", set_count(l.log_level_from_json_max_depth)},
        {"max_global_streams_per_user", set_count(l.max_global_streams_per_user)},
        {"per_stream_rate_limit", set_size(l.per_stream_rate_limit)},
        {"per_stream_rate_limit_burst", set_size(l.per_stream_rate_limit_burst)},
        {"max_query_series", set_count(l.max_query_series)},
        {"max_query_memory_bytes", set_count(l.max_query_memory_bytes)},
        {"max_entries_limit_per_query", set_count(l.max_entries_limit_per_query)},
        {"max_streams_matchers_per_query", set_count(l.max_streams_matchers_per_query)},
        {"max_query_length", set_duration(l.max_query_length)},
        {"max_query_lookback", set_duration(l.max_query_lookback)},
        {"query_timeout", set_duration(l.query_timeout)},
        {"volume_enabled", set(l.volume_enabled)},
        {"volume_max_series", set_count(l.volume_max_series)},
        {"split_queries_by_interval", set_duration(l.split_queries_by_interval)},
        {"discover_service_name", set(l.discover_service_name)},
    };
}

void read_section(const YAML::Node& node,
                  const std::string& section,
                  const Setters& setters,
                  Config& config) {
    if (node.IsNull()) {
        return;
    }
    if (!node.IsMap()) {
        refuse(node, absl::StrCat("section '", section, "' must be a map"));
    }
    std::set<std::string> seen;
    for (const auto& item : node) {
        const auto key = scalar<std::string>(item.first, "a key");
        if (!seen.insert(key).second) {
            refuse(item.first, absl::StrCat("key '", key, "' is given twice"));
        }
        const auto setter = setters.find(key);
        if (setter != setters.end()) {
            setter->second(item.second);
            continue;
        }
        const std::vector<std::string>& known = *loki_keys(section);
        if (std::find(known.begin(), known.end(), key) == known.end()) {
            refuse(item.first,
                   absl::StrCat("unknown key '",
                                absl::CHexEscape(key.substr(0, kShownMax)),
                                "'",
                                section.empty() ? "" : " in ",
                                section,
                                "; did you mean '",
                                nearest_key(known, key),
                                "'?"));
        }
        config.unused_keys.push_back(section.empty() ? key : absl::StrCat(section, ".", key));
    }
}

Setters top_setters(Config& config) {
    const auto section = [&config](const std::string& name, Setters setters) -> Setter {
        return [&config, name, setters = std::move(setters)](const YAML::Node& node) {
            read_section(node, name, setters, config);
        };
    };
    return {
        {"auth_enabled", set(config.auth_enabled)},
        {"server",
         section("server",
                 {{"http_listen_address", set(config.http_listen_address)},
                  {"http_listen_port", set(config.http_listen_port)},
                  {"http_listen_conn_limit", set(config.http_listen_conn_limit)},
                  {"http_server_read_timeout", set_duration(config.http_server_read_timeout)},
                  {"http_server_write_timeout", set_duration(config.http_server_write_timeout)},
                  {"log_level", set_log_level(config.log_level)}})},
        {"common", section("common", {{"path_prefix", set(config.data_dir)}})},
        {"limits_config", section("limits_config", limits_setters(config.limits))},
    };
}

std::string yaml_text(const std::string& text) {
    YAML::Emitter out;
    out << YAML::DoubleQuoted << text;
    return out.c_str();
}

// A list of texts in one line, each quoted.
std::string yaml_list(const std::vector<std::string>& texts) {
    YAML::Emitter out;
    out << YAML::Flow << YAML::DoubleQuoted << texts;
    return out.c_str();
}

}  // namespace

StatusOr<Duration> parse_duration(std::string_view text) {
    static const std::map<std::string, double> kUnits = {{"ns", 1},
                                                         {"us", 1e3},
                                                         {"ms", 1e6},
                                                         {"s", 1e9},
                                                         {"m", 60e9},
                                                         {"h", 3600e9},
                                                         {"d", 24 * 3600e9},
                                                         {"w", 7 * 24 * 3600e9},
                                                         {"y", 365 * 24 * 3600e9}};
    const std::string whole(text);
    if (whole == "0") {
        return Duration{0};
    }
    double total_ns = 0;
    std::size_t i = 0;
    while (i < whole.size()) {
        const std::size_t number_end =
            std::min(whole.find_first_not_of("0123456789.", i), whole.size());
        const std::size_t unit_end =
            std::min(whole.find_first_of("0123456789.", number_end), whole.size());
        double n = 0;
        const auto unit = kUnits.find(whole.substr(number_end, unit_end - number_end));
        if (unit == kUnits.end() || !absl::SimpleAtod(whole.substr(i, number_end - i), &n)) {
            return absl::InvalidArgumentError(absl::StrCat("not a valid duration: '", whole, "'"));
        }
        total_ns += n * unit->second;
        i = unit_end;
    }
    if (whole.empty() || total_ns > kNumberMax) {
        return absl::InvalidArgumentError(absl::StrCat("not a valid duration: '", whole, "'"));
    }
    return Duration{static_cast<std::int64_t>(total_ns)};
}

StatusOr<std::int64_t> parse_size(std::string_view text) {
    const std::string whole(text);
    const std::size_t end = std::min(whole.find_first_not_of("0123456789."), whole.size());
    std::string unit = absl::AsciiStrToUpper(whole.substr(end));
    static const std::map<std::string, double> kUnits = {{"", 1},
                                                         {"B", 1},
                                                         {"K", 1024},
                                                         {"KB", 1024},
                                                         {"KIB", 1024},
                                                         {"M", 1048576},
                                                         {"MB", 1048576},
                                                         {"MIB", 1048576},
                                                         {"G", 1073741824},
                                                         {"GB", 1073741824},
                                                         {"GIB", 1073741824}};
    double n = 0;
    const auto factor = kUnits.find(unit);
    if (factor == kUnits.end() || !absl::SimpleAtod(whole.substr(0, end), &n) ||
        n * factor->second > kNumberMax) {
        return absl::InvalidArgumentError(absl::StrCat("not a valid size: '", whole, "'"));
    }
    return static_cast<std::int64_t>(n * factor->second);
}

StatusOr<Config> load(const std::string& text, const std::string& file_name) {
    Config config;
    try {
        const YAML::Node root = YAML::Load(text);
        read_section(root, "", top_setters(config), config);
    } catch (const BadConfig& e) {
        return absl::InvalidArgumentError(absl::StrCat(file_name, ":", e.line, ": ", e.message));
    } catch (const YAML::Exception& e) {
        return absl::InvalidArgumentError(
            absl::StrCat(file_name, ":", e.mark.line + 1, ": ", absl::CHexEscape(e.msg)));
    }
    return config;
}

std::string format_duration(Duration d) {
    struct Unit {
        std::int64_t ms;
        const char* name;
    };
    constexpr std::int64_t kDayMs = 24LL * 3600 * 1000;
    constexpr std::array<Unit, 7> kUnits = {{{365 * kDayMs, "y"},
                                             {7 * kDayMs, "w"},
                                             {kDayMs, "d"},
                                             {3600 * 1000, "h"},
                                             {60 * 1000, "m"},
                                             {1000, "s"},
                                             {1, "ms"}}};
    std::int64_t ms = d.ns / kNanosPerMilli;
    std::string text;
    for (const Unit& unit : kUnits) {
        // Years and weeks only where nothing else is needed, as Prometheus has it.
        const bool whole_only = unit.ms >= 7 * kDayMs;
        if (ms >= unit.ms && (!whole_only || ms % unit.ms == 0)) {
            absl::StrAppend(&text, ms / unit.ms, unit.name);
            ms %= unit.ms;
        }
    }
    return text.empty() ? "0s" : text;
}

std::string limits_to_yaml(const Limits& l) {
    const auto flag = [](bool b) {
        return b ? "true" : "false";
    };
    std::string out;
    const auto add = [&](const char* key, const auto& value) {
        absl::StrAppend(&out, key, ": ", value, "\n");
    };
    add("ingestion_rate_mb", l.ingestion_rate_mb);
    add("ingestion_burst_size_mb", l.ingestion_burst_size_mb);
    add("max_label_name_length", l.max_label_name_length);
    add("max_label_value_length", l.max_label_value_length);
    add("max_label_names_per_series", l.max_label_names_per_series);
    add("reject_old_samples", flag(l.reject_old_samples));
    add("reject_old_samples_max_age", format_duration(l.reject_old_samples_max_age));
    add("creation_grace_period", format_duration(l.creation_grace_period));
    add("max_line_size", l.max_line_size);
    add("max_line_size_truncate", flag(l.max_line_size_truncate));
    add("increment_duplicate_timestamp", flag(l.increment_duplicate_timestamp));
    add("allow_structured_metadata", flag(l.allow_structured_metadata));
    add("max_structured_metadata_size", l.max_structured_metadata_size);
    add("max_structured_metadata_entries_count", l.max_structured_metadata_entries_count);
    add("discover_log_levels", flag(l.discover_log_levels));
    add("log_level_fields", yaml_list(l.log_level_fields));
    add("log_level_from_json_max_depth", l.log_level_from_json_max_depth);
    add("max_global_streams_per_user", l.max_global_streams_per_user);
    add("per_stream_rate_limit", l.per_stream_rate_limit);
    add("per_stream_rate_limit_burst", l.per_stream_rate_limit_burst);
    add("max_query_series", l.max_query_series);
    add("max_query_memory_bytes", l.max_query_memory_bytes);
    add("max_entries_limit_per_query", l.max_entries_limit_per_query);
    add("max_streams_matchers_per_query", l.max_streams_matchers_per_query);
    add("max_query_length", format_duration(l.max_query_length));
    add("max_query_lookback", format_duration(l.max_query_lookback));
    add("query_timeout", format_duration(l.query_timeout));
    add("split_queries_by_interval", format_duration(l.split_queries_by_interval));
    add("volume_enabled", flag(l.volume_enabled));
    add("volume_max_series", l.volume_max_series);
    add("max_line_size_truncate_identifier", yaml_text(l.max_line_size_truncate_identifier));
    add("discover_service_name", yaml_list(l.discover_service_name));
    return out;
}

std::string to_yaml(const Config& c) {
    std::string out = absl::StrCat("auth_enabled: ",
                                   c.auth_enabled ? "true" : "false",
                                   "\nserver:\n  http_listen_address: ",
                                   c.http_listen_address,
                                   "\n  http_listen_port: ",
                                   c.http_listen_port,
                                   "\n  http_listen_conn_limit: ",
                                   c.http_listen_conn_limit,
                                   "\n  http_server_read_timeout: ",
                                   format_duration(c.http_server_read_timeout),
                                   "\n  http_server_write_timeout: ",
                                   format_duration(c.http_server_write_timeout),
                                   "\n  log_level: ",
                                   c.log_level,
                                   "\ncommon:\n  path_prefix: ",
                                   c.data_dir,
                                   "\nlimits_config:\n");
    for (const auto& line : absl::StrSplit(limits_to_yaml(c.limits), '\n', absl::SkipEmpty())) {
        absl::StrAppend(&out, "  ", line, "\n");
    }
    return out;
}

}  // namespace logi::config
