#include "absl/strings/numbers.h"
#include "absl/strings/str_join.h"
#include "auth/gate.h"
#include "cli/commands.h"
#include "cli/fail.h"
#include "config/config.h"
#include "ingest/tenant_limits.h"
#include "server/peers.h"
#include "server/roles.h"
#include "server/runtime_limits.h"
#include "server/server.h"
#include "server/tls_files.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

namespace logi::cli {
namespace {

std::optional<std::string> environment(const std::string& name) {
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

StatusOr<config::Config> load_file(const std::string& file, bool expand_env) {
    std::ifstream in(file);
    std::error_code ignored;
    if (!in || std::filesystem::is_directory(file, ignored)) {
        return absl::NotFoundError(file + ": cannot be read");
    }
    std::stringstream stream;
    stream << in.rdbuf();
    std::string text = stream.str();
    if (expand_env) {
        LOGI_ASSIGN_OR_RETURN(text, config::expand(text, file, environment));
    }
    LOGI_ASSIGN_OR_RETURN(config::Config config, config::load(text, file));
    if (const auto rules = ingest::TenantRules::of(config.limits); !rules.ok()) {
        return absl::InvalidArgumentError(file + ": " + std::string(rules.status().message()));
    }
    LOGI_RETURN_IF_ERROR(auth::check(config.auth));
    return config;
}

// Keys without effect in the files of runtime_config, which are correct.
StatusOr<std::vector<std::string>> check_overrides(const config::Config& config) {
    const auto files = io::make_posix_file_system();
    LOGI_ASSIGN_OR_RETURN(auto overrides, server::read_overrides(*files, config));
    LOGI_ASSIGN_OR_RETURN(auto defaults, ingest::TenantRules::of(config.limits));
    LOGI_RETURN_IF_ERROR(
        ingest::TenantLimits(std::move(defaults)).set(std::move(overrides.by_tenant)));
    return std::move(overrides.unused_keys);
}

// HOST:PORT, [IPV6]:PORT, or :PORT for every address.
bool parse_listen(const std::string& text, std::string& address, std::uint16_t& port_out) {
    const std::size_t colon = text.rfind(':');
    std::uint32_t port = 0;
    if (colon == std::string::npos || !absl::SimpleAtoi(text.substr(colon + 1), &port) ||
        port > UINT16_MAX) {
        return false;
    }
    std::string host = text.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) {
        host = host.substr(1, host.size() - 2);
    } else if (host.find(':') != std::string::npos) {
        return false;
    }
    address = std::move(host);
    port_out = static_cast<std::uint16_t>(port);
    return true;
}

// What the command line says wins over the file.
Status apply(const ServerArgs& args, config::Config& config) {
    if (!args.listen.empty() &&
        !parse_listen(args.listen, config.http_listen_address, config.http_listen_port)) {
        return absl::InvalidArgumentError("--listen wants HOST:PORT, not " + args.listen);
    }
    config::Cluster& cluster = config.cluster;
    if (!args.cluster_listen.empty() &&
        !parse_listen(args.cluster_listen, cluster.listen_address, cluster.listen_port)) {
        return absl::InvalidArgumentError("--cluster-listen wants HOST:PORT, not " +
                                          args.cluster_listen);
    }
    const auto replace = [](std::string& key, const std::string& flag) {
        if (!flag.empty()) {
            key = flag;
        }
    };
    replace(cluster.advertise_address, args.cluster_advertise);
    replace(config.data_dir, args.data);
    replace(config.log_level, args.log_level);
    replace(config.log_format, args.log_format);
    return absl::OkStatus();
}

}  // namespace

int server_command(const ServerArgs& args) {
    config::Config config;
    const auto roles = server::parse_roles(args.role, args.target);
    if (!roles.ok()) {
        return fail(roles.status());
    }
    if (args.verify_config && !args.config_file.empty()) {
        return check_config_command(args.config_file, args.expand_env);
    }
    if (args.verify_config) {
        std::puts("the defaults are valid");
        return 0;
    }
    if (!args.config_file.empty()) {
        auto loaded = load_file(args.config_file, args.expand_env);
        if (!loaded.ok()) {
            return fail(loaded.status());
        }
        config = *std::move(loaded);
    }
    if (const Status status = apply(args, config); !status.ok()) {
        return fail(status);
    }
    if (roles->shared && config.bucket.address.empty()) {
        return fail(absl::InvalidArgumentError(
            "processes with roles share a bucket on S3, and the configuration names none"));
    }
    return server::run(config, *roles);
}

int check_config_command(const std::string& file, bool expand_env) {
    const auto config = load_file(file, expand_env);
    if (!config.ok()) {
        return fail(config.status());
    }
    auto unused = check_overrides(*config);
    if (!unused.ok()) {
        return fail(unused.status());
    }
    if (const Status tls = server::check_tls(*io::make_posix_file_system(), *config); !tls.ok()) {
        return fail(absl::InvalidArgumentError("TLS: " + std::string(tls.message())));
    }
    if (const Status cluster =
            server::check_cluster(*io::make_posix_file_system(), config->cluster);
        !cluster.ok()) {
        return fail(absl::InvalidArgumentError("cluster: " + std::string(cluster.message())));
    }
    unused->insert(unused->begin(), config->unused_keys.begin(), config->unused_keys.end());
    std::printf("%s is valid\n", file.c_str());
    if (!unused->empty()) {
        std::printf("without effect in Logi: %s\n", absl::StrJoin(*unused, ", ").c_str());
    }
    return 0;
}

}  // namespace logi::cli
