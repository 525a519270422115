#include "absl/strings/str_cat.h"
#include "agent/config/agent_config.h"
#include "agent/config/apply_flags.h"
#include "agent/config/readers.h"
#include "agent/stages/options.h"
#include "config/config.h"
#include "config/known_keys.h"
#include "config/setters.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace logi::agent {
namespace {

using config::Setter;
using config::Setters;

Setter section(const std::string& name, const Setters& setters) {
    return [name, setters](const YAML::Node& v) {
        if (!v.IsNull()) {
            config::read_keys(v, name, setters);
        }
    };
}

// A key that has no effect here, whatever is in it.
Setter unused(std::vector<std::string>& keys, const std::string& key) {
    return [&keys, key](const YAML::Node&) {
        keys.push_back(key);
    };
}
Setter unused(AgentConfig& c, const std::string& key) {
    return unused(c.unused_keys, key);
}

Setter clients_setter(AgentConfig& c) {
    return [&c](const YAML::Node& v) {
        config::read_list(
            v, "clients", [&](const YAML::Node& item) { c.clients.push_back(read_client(item)); });
    };
}

Setters top_setters(AgentConfig& c) {
    LimitsConfig& l = c.limits;
    return {
        {"global",
         section("global", {{"file_watch_config", unused(c, "global.file_watch_config")}})},
        {"server", section("server", server_setters(c.server, c.unused_keys))},
        {"client",
         [&c](const YAML::Node& v) {
             if (!v.IsNull()) {
                 c.clients.push_back(read_client(v));
             }
         }},
        {"clients", clients_setter(c)},
        {"positions",
         section("positions",
                 {{"filename", config::set(c.positions.filename)},
                  {"sync_period", config::set_duration(c.positions.sync_period)},
                  {"ignore_invalid_yaml", config::set(c.positions.ignore_invalid_yaml)}})},
        {"scrape_configs",
         [&c](const YAML::Node& v) {
             if (!v.IsNull()) {
                 config::read_list(v, "scrape configs", [&](const YAML::Node& item) {
                     c.scrape_configs.push_back(read_scrape_config(item));
                     if (const auto& push = c.scrape_configs.back().push_api; push.has_value()) {
                         c.unused_keys.insert(c.unused_keys.end(),
                                              push->unused_keys.begin(),
                                              push->unused_keys.end());
                     }
                 });
             }
         }},
        {"limits_config",
         section("limits_config",
                 {{"readline_rate_enabled", config::set(l.readline_rate_enabled)},
                  {"readline_rate", config::set(l.readline_rate)},
                  {"readline_burst", config::set(l.readline_burst)},
                  {"readline_rate_drop", config::set(l.readline_rate_drop)},
                  {"max_streams", config::set(l.max_streams)},
                  {"max_line_size", config::set_size(l.max_line_bytes)},
                  {"max_line_size_truncate", config::set(l.max_line_truncate)}})},
        {"target_config",
         section("target_config",
                 {{"sync_period", config::set_duration(c.target_sync_period)},
                  {"stdin", config::set(c.stdin_target)}})},
        {"options",
         section("options", {{"stream_lag_labels", unused(c, "options.stream_lag_labels")}})},
        {"wal", unused(c, "wal")},
        {"tracing", unused(c, "tracing")},
        {"tracing_enabled", unused(c, "tracing_enabled")},
    };
}

StatusOr<std::string> read_file(const std::string& path) {
    std::ifstream in(path);
    std::error_code ignored;
    if (!in || std::filesystem::is_directory(path, ignored)) {
        return absl::NotFoundError(path + ": cannot be read");
    }
    std::stringstream stream;
    stream << in.rdbuf();
    return stream.str();
}

std::optional<std::string> environment(const std::string& name) {
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

// Promtail's substitution makes one backslash of two, as it does of variables their values.
std::string halve_backslashes(const std::string& text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        out.push_back(text[i]);
        if (text[i] == '\\' && i + 1 < text.size() && text[i + 1] == '\\') {
            ++i;
        }
    }
    return out;
}

}  // namespace

Setters server_setters(ServerConfig& s, std::vector<std::string>& unused_keys) {
    Setters setters;
    for (const std::string& key : *config::loki_keys("server")) {
        setters[key] = unused(unused_keys, "server." + key);
    }
    setters["profiling_enabled"] = unused(unused_keys, "server.profiling_enabled");
    setters["reload"] = unused(unused_keys, "server.reload");
    setters["disable"] = config::set(s.disable);
    setters["http_listen_address"] = config::set(s.http_listen_address);
    setters["http_listen_port"] = config::set(s.http_listen_port);
    setters["log_level"] = config::set_log_level(s.log_level);
    setters["register_instrumentation"] = config::set(s.register_instrumentation);
    setters["health_check_target"] = config::set(s.health_check_target);
    setters["enable_runtime_reload"] = config::set(s.enable_runtime_reload);
    setters["graceful_shutdown_timeout"] = config::set_duration(s.graceful_shutdown_timeout);
    setters["external_url"] = config::set(s.external_url);
    setters["http_path_prefix"] = config::set(s.path_prefix);
    setters["http_tls_config"] = config::set_tls(s.tls);
    // There is no gRPC here, on whatever port.
    setters["grpc_listen_port"] = [](const YAML::Node&) {
    };
    setters["grpc_listen_address"] = [](const YAML::Node&) {
    };
    return setters;
}

StatusOr<AgentConfig> load_agent_config(const std::string& text, const std::string& file_name) {
    AgentConfig c;
    c.text = text;
    LOGI_RETURN_IF_ERROR(config::read_yaml(text, file_name, [&](const YAML::Node& root) {
        if (!root.IsNull()) {
            config::read_keys(root, "the configuration", top_setters(c));
        }
    }));
    return c;
}

StatusOr<AgentConfig> configure(const AgentFlags& flags) {
    AgentConfig c;
    if (!flags.config_file.empty()) {
        LOGI_ASSIGN_OR_RETURN(std::string text, read_file(flags.config_file));
        if (flags.expand_env) {
            LOGI_ASSIGN_OR_RETURN(
                text, config::expand(halve_backslashes(text), flags.config_file, environment));
        }
        LOGI_ASSIGN_OR_RETURN(c, load_agent_config(text, flags.config_file));
    }
    LOGI_RETURN_IF_ERROR(apply_flag_values(flags, c));
    return c;
}

}  // namespace logi::agent
