#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "agent/config/agent_config.h"
#include "agent/config/apply_flags.h"
#include "base/log.h"
#include "config/config.h"
#include "config/known_keys.h"

#include <functional>
#include <map>

namespace logi::agent {
namespace {

// A flag for a key of the configuration.
using Apply = std::function<Status(const std::string& value, AgentConfig& c, ClientConfig& client)>;

struct Flag {
    std::string help;
    bool is_switch = false;
    Apply apply;
};

template <typename T>
Status assign(StatusOr<T> parsed, T& target) {
    LOGI_ASSIGN_OR_RETURN(target, std::move(parsed));
    return absl::OkStatus();
}

Status assign_bool(const std::string& value, bool& target) {
    return absl::SimpleAtob(value, &target)
               ? absl::OkStatus()
               : absl::InvalidArgumentError("expected true or false, not '" + value + "'");
}

template <typename T>
Status assign_number(const std::string& value, T& target) {
    std::int64_t n = 0;
    if (!absl::SimpleAtoi(value, &n) || n < 0 ||
        static_cast<std::uint64_t>(n) > static_cast<std::uint64_t>(std::numeric_limits<T>::max())) {
        return absl::InvalidArgumentError("expected a whole number, not '" + value + "'");
    }
    target = static_cast<T>(n);
    return absl::OkStatus();
}

Status assign_labels(const std::string& value, TextMap& target) {
    for (const absl::string_view part : absl::StrSplit(value, ',', absl::SkipEmpty())) {
        const std::pair<std::string, std::string> pair =
            absl::StrSplit(part, absl::MaxSplits('=', 1));
        if (!is_label_name(pair.first)) {
            return absl::InvalidArgumentError("expected name=value,…, not '" + value + "'");
        }
        target.insert(pair);
    }
    return absl::OkStatus();
}

Flag text_flag(std::string help, std::string& (*field)(AgentConfig&, ClientConfig&)) {
    return {std::move(help), false, [field](const auto& v, auto& c, auto& client) {
                field(c, client) = v;
                return absl::OkStatus();
            }};
}
Flag duration_flag(std::string help, Duration& (*field)(AgentConfig&, ClientConfig&)) {
    return {std::move(help), false, [field](const auto& v, auto& c, auto& client) {
                return assign(config::parse_duration(v), field(c, client));
            }};
}
Flag bool_flag(std::string help, bool& (*field)(AgentConfig&, ClientConfig&)) {
    return {std::move(help), true, [field](const auto& v, auto& c, auto& client) {
                return assign_bool(v, field(c, client));
            }};
}
template <typename T>
Flag number_flag(std::string help, T& (*field)(AgentConfig&, ClientConfig&)) {
    return {std::move(help), false, [field](const auto& v, auto& c, auto& client) {
                return assign_number(v, field(c, client));
            }};
}
Flag unused_flag() {
    return {"known to Promtail, without effect", false, [](const auto&, auto&, auto&) {
                return absl::OkStatus();
            }};
}

Status apply_log_level(const std::string& value, AgentConfig& c, ClientConfig&) {
    base::LogLevel level = base::LogLevel::kInfo;
    if (!base::parse_log_level(value, level)) {
        return absl::InvalidArgumentError("expected debug, info, warn or error");
    }
    c.server.log_level = value;
    return absl::OkStatus();
}

#define LOGI_FIELD(type, expr)                          \
    [](AgentConfig& c, ClientConfig& client) -> type& { \
        (void)c, (void)client;                          \
        return expr;                                    \
    }

const std::map<std::string, Flag>& value_flags() {
    static const std::map<std::string, Flag> kFlags = {
        {"client.url",
         text_flag("where to push to, besides the clients of the file",
                   LOGI_FIELD(std::string, client.url))},
        {"client.tenant-id",
         text_flag("tenant of that client", LOGI_FIELD(std::string, client.tenant_id))},
        {"client.batch-wait",
         duration_flag("how long a batch waits for more", LOGI_FIELD(Duration, client.batch_wait))},
        {"client.batch-size-bytes",
         number_flag<std::int64_t>("most bytes of a batch",
                                   LOGI_FIELD(std::int64_t, client.batch_bytes))},
        {"client.min-backoff",
         duration_flag("wait before the first retry", LOGI_FIELD(Duration, client.backoff_min))},
        {"client.max-backoff",
         duration_flag("longest wait before a retry", LOGI_FIELD(Duration, client.backoff_max))},
        {"client.max-retries",
         number_flag<std::int64_t>("give a batch up after so many; 0: never",
                                   LOGI_FIELD(std::int64_t, client.retries_max))},
        {"client.timeout", duration_flag("of a request", LOGI_FIELD(Duration, client.timeout))},
        {"client.drop-rate-limited-batches",
         bool_flag("give up what is answered with 429",
                   LOGI_FIELD(bool, client.drop_rate_limited_batches))},
        {"client.external-labels",
         {"name=value,… for all clients",
          false,
          [](const auto& v, auto&, auto& client) {
              return assign_labels(v, client.external_labels);
          }}},
        {"log.level", {"debug, info, warn or error", false, apply_log_level}},
        {"log.format", unused_flag()},
        {"positions.file",
         text_flag("file of positions", LOGI_FIELD(std::string, c.positions.filename))},
        {"positions.sync-period",
         duration_flag("how often positions are written",
                       LOGI_FIELD(Duration, c.positions.sync_period))},
        {"positions.ignore-invalid-yaml",
         bool_flag("begin anew when the file of positions is damaged",
                   LOGI_FIELD(bool, c.positions.ignore_invalid_yaml))},
        {"target.sync-period",
         duration_flag("how often files are looked for without a sign of change",
                       LOGI_FIELD(Duration, c.target_sync_period))},
        {"server.disable", bool_flag("no HTTP server", LOGI_FIELD(bool, c.server.disable))},
        {"server.http-listen-address",
         text_flag("address of the HTTP server",
                   LOGI_FIELD(std::string, c.server.http_listen_address))},
        {"server.http-listen-port",
         number_flag<std::uint16_t>("port of the HTTP server",
                                    LOGI_FIELD(std::uint16_t, c.server.http_listen_port))},
        {"server.enable-runtime-reload",
         bool_flag("POST /reload", LOGI_FIELD(bool, c.server.enable_runtime_reload))},
        {"server.health-check-target",
         bool_flag("/ready looks at targets", LOGI_FIELD(bool, c.server.health_check_target))},
        {"server.graceful-shutdown-timeout",
         duration_flag("how long to wait for the last batches",
                       LOGI_FIELD(Duration, c.server.graceful_shutdown_timeout))},
        {"server.register-instrumentation",
         bool_flag("/metrics and its kin", LOGI_FIELD(bool, c.server.register_instrumentation))},
        {"server.grpc-listen-address", unused_flag()},
        {"server.grpc-listen-port", unused_flag()},
        {"server.profiling_enabled", unused_flag()},
        {"config.read-line-rate-enabled",
         bool_flag("limits_config.readline_rate_enabled",
                   LOGI_FIELD(bool, c.limits.readline_rate_enabled))},
        {"max-streams",
         number_flag<std::int64_t>("most active streams; 0: no limit",
                                   LOGI_FIELD(std::int64_t, c.limits.max_streams))},
        {"max-line-size",
         {"longest line; 0: no limit",
          false,
          [](const auto& v, auto& c, auto&) {
              return assign(config::parse_size(v), c.limits.max_line_bytes);
          }}},
        {"max-line-size-truncate",
         bool_flag("cut longer lines instead of dropping them",
                   LOGI_FIELD(bool, c.limits.max_line_truncate))},
    };
    return kFlags;
}

// Flags about the run itself.
struct RunSwitch {
    const char* help;
    bool AgentFlags::*field;
};
const std::map<std::string, RunSwitch>& run_switches() {
    static const std::map<std::string, RunSwitch> kSwitches = {
        {"config.expand-env",
         {"replace ${NAME} and ${NAME:-default} in the file", &AgentFlags::expand_env}},
        {"check-syntax", {"check the file and exit", &AgentFlags::check_syntax}},
        {"dry-run", {"print entries instead of sending them", &AgentFlags::dry_run}},
        {"inspect", {"print what each stage changes", &AgentFlags::inspect}},
        {"stdin", {"read standard input to its end instead of targets", &AgentFlags::stdin_source}},
        {"print-config-stderr", {"print the file as it is read", &AgentFlags::print_config}},
        {"log-config-reverse-order", {"the same", &AgentFlags::print_config}},
        {"version", {"print the version", &AgentFlags::version}},
        {"help", {"this text", &AgentFlags::help}},
        {"h", {"this text", &AgentFlags::help}},
    };
    return kSwitches;
}

Status unknown_flag(const std::string& name) {
    std::vector<std::string> known = {"config.file"};
    for (const auto& [each, unused] : value_flags()) {
        known.push_back(each);
    }
    for (const auto& [each, unused] : run_switches()) {
        known.push_back(each);
    }
    return absl::InvalidArgumentError(absl::StrCat(
        "there is no flag -", name, "; did you mean -", config::nearest_key(known, name), "?"));
}

class FlagReader {
  public:
    explicit FlagReader(const std::vector<std::string>& args) : args_(args) {}

    StatusOr<AgentFlags> read() {
        for (at_ = 0; at_ < args_.size(); ++at_) {
            LOGI_RETURN_IF_ERROR(take(args_[at_]));
        }
        return std::move(flags_);
    }

  private:
    Status take(const std::string& arg) {
        const std::size_t dashes = std::min(arg.find_first_not_of('-'), arg.size());
        const std::size_t equals = arg.find('=');
        std::string name =
            arg.substr(dashes, equals == std::string::npos ? equals : equals - dashes);
        if (dashes == 0 || dashes > 2 || name.empty()) {
            return absl::InvalidArgumentError("'" + arg + "' is no flag");
        }
        std::optional<std::string> value;
        if (equals != std::string::npos) {
            value = arg.substr(equals + 1);
        }
        if (name == "config.file" || name == "config") {
            return take_value(name, value, flags_.config_file);
        }
        if (const auto run = run_switches().find(name); run != run_switches().end()) {
            return assign_bool(value.value_or("true"), flags_.*(run->second.field));
        }
        const auto flag = value_flags().find(name);
        if (flag == value_flags().end()) {
            return unknown_flag(name);
        }
        std::string text = "true";
        if (value.has_value() || !flag->second.is_switch) {
            LOGI_RETURN_IF_ERROR(take_value(name, value, text));
        }
        flags_.values.emplace_back(std::move(name), std::move(text));
        return absl::OkStatus();
    }

    // The value behind '=', or the next argument.
    Status take_value(const std::string& name,
                      const std::optional<std::string>& value,
                      std::string& out) {
        if (!value.has_value() && at_ + 1 == args_.size()) {
            return absl::InvalidArgumentError("-" + name + " needs a value");
        }
        out = value.has_value() ? *value : args_[++at_];
        return absl::OkStatus();
    }

    const std::vector<std::string>& args_;
    std::size_t at_ = 0;
    AgentFlags flags_;
};

}  // namespace

StatusOr<AgentFlags> parse_flags(const std::vector<std::string>& args) {
    return FlagReader(args).read();
}

Status apply_flag_values(const AgentFlags& flags, AgentConfig& c) {
    ClientConfig client;
    for (const auto& [name, value] : flags.values) {
        const Status status = value_flags().at(name).apply(value, c, client);
        if (!status.ok()) {
            return absl::InvalidArgumentError(absl::StrCat("-", name, ": ", status.message()));
        }
    }
    if (!client.url.empty()) {
        c.clients.push_back(client);
    }
    for (ClientConfig& each : c.clients) {
        each.external_labels.insert(client.external_labels.begin(), client.external_labels.end());
    }
    return absl::OkStatus();
}

std::string flags_help() {
    std::string out = "  -config.file FILE\n        Promtail's YAML\n";
    for (const auto& [name, flag] : run_switches()) {
        absl::StrAppend(&out, "  -", name, "\n        ", flag.help, "\n");
    }
    for (const auto& [name, flag] : value_flags()) {
        absl::StrAppend(
            &out, "  -", name, flag.is_switch ? "" : " VALUE", "\n        ", flag.help, "\n");
    }
    return out;
}

}  // namespace logi::agent
