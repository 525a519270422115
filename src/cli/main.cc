#include "cli/arguments.h"
#include "cli/commands.h"
#include "config/known_keys.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

namespace {

// False, and says so: CLI11 says of a command that it does not know only that one is missing.
bool check_command(const CLI::App& app, const std::string& name) {
    std::vector<std::string> commands;
    for (const CLI::App* command : app.get_subcommands({})) {
        commands.push_back(command->get_name());
    }
    const bool known = std::find(commands.begin(), commands.end(), name) != commands.end();
    if (!known) {
        std::fprintf(stderr,
                     "logi: there is no command '%s'; did you mean '%s'?\n",
                     name.c_str(),
                     logi::config::nearest_key(commands, name).c_str());
    }
    return known;
}

}  // namespace

int main(int argc, char** argv) {
    namespace cli = logi::cli;
    // It takes Promtail's flags, which are not written as CLI11 wants them.
    if (const auto arguments = cli::agent_arguments(argc, argv)) {
        return cli::agent_command(*arguments);
    }
    CLI::App app{"Logi, a log store that speaks Loki's API and LogQL"};
    app.require_subcommand(1);

    cli::ServerArgs server;
    CLI::App* server_cmd = app.add_subcommand("server", "Run the store");
    server_cmd->add_option(
        "--config", server.config_file, "YAML file with Loki's keys (also -config.file=FILE)");
    server_cmd->add_flag(
        "--expand-env", server.expand_env, "replace ${NAME} and ${NAME:-default} in the file");
    server_cmd->add_flag("--verify-config", server.verify_config, "check the file and exit");
    server_cmd
        ->add_option("--role",
                     server.role,
                     "what to do over a bucket that processes share: write, read, compact, "
                     "rule, joined by commas; or all of it, alone")
        ->capture_default_str();
    server_cmd->add_option("--target", server.target, "the same in Loki's words")
        ->capture_default_str();
    server_cmd->add_option(
        "--listen", server.listen, "HOST:PORT, 127.0.0.1:3100 by default; :PORT for every address");
    server_cmd->add_option("--cluster-listen",
                           server.cluster_listen,
                           "HOST:PORT where others that share the bucket call; :PORT for every "
                           "address");
    server_cmd->add_option("--cluster-advertise",
                           server.cluster_advertise,
                           "HOST or HOST:PORT where they reach it, if not there");
    server_cmd->add_option("--data", server.data, "data folder, ./logi-data by default");
    bool health_wanted = false;
    cli::HealthcheckArgs server_health;
    server_cmd->add_flag(
        "--health", health_wanted, "do not run, but ask a server whether it is ready");
    server_cmd->add_option("--health-url", server_health.address, "of that server")
        ->capture_default_str();
    server_cmd->add_option("--log-level", server.log_level, "debug, info, warn or error")
        ->check(CLI::IsMember({"debug", "info", "warn", "error"}));
    server_cmd->add_option("--log-format", server.log_format, "logfmt or json")
        ->check(CLI::IsMember({"logfmt", "json"}));

    cli::QueryArgs query;
    CLI::App* query_cmd = app.add_subcommand("query", "Run a LogQL query and print the lines");
    query_cmd->add_option("query", query.query, "LogQL")->required();
    cli::add_query_flags(*query_cmd, query);

    std::function<int()> chosen;
    cli::add_lookup_commands(app, chosen);
    cli::add_index_commands(app, chosen);
    cli::add_delete_command(app, chosen);
    cli::add_fmt_command(app, chosen);
    cli::add_import_command(app, chosen);
    cli::add_rules_command(app, chosen);
    cli::add_completion_commands(app, chosen);

    logi::canary::Settings canary;
    CLI::App* canary_cmd = app.add_subcommand(
        "canary", "Write lines to a server, follow them, and count what does not come back");
    cli::add_canary_flags(*canary_cmd, canary);

    cli::HealthcheckArgs health;
    CLI::App* health_cmd = app.add_subcommand(
        "healthcheck", "Ask a server whether it is ready, for containers: exit 0, or 1");
    health_cmd->add_option("--address", health.address, "of the server: a URL, or HOST:PORT")
        ->capture_default_str();
    health_cmd->add_option("--timeout", health.timeout, "how long to wait for the answer")
        ->capture_default_str();
    cli::add_tls_flags(*health_cmd, health.tls);

    std::string config_file;
    CLI::App* check_cmd = app.add_subcommand("check", "Check things before they are used");
    check_cmd->require_subcommand(1);
    CLI::App* check_config = check_cmd->add_subcommand("config", "Check a configuration file");
    check_config->add_option("file", config_file, "YAML file")->required();
    bool check_expanded = false;
    check_config->add_flag(
        "--expand-env", check_expanded, "replace ${NAME} and ${NAME:-default} in the file");

    cli::InspectArgs inspect;
    CLI::App* inspect_cmd =
        app.add_subcommand("inspect", "Show what is in a stored file, and check its checksums");
    inspect_cmd->add_option("kind", inspect.kind, "segment, journal or catalog")
        ->required()
        ->check(CLI::IsMember({"segment", "journal", "catalog"}));
    inspect_cmd->add_option("path", inspect.path, "file")->required();
    inspect_cmd->add_flag(
        "--verify", inspect.segment.verify, "of a segment: decode every row, too");
    inspect_cmd
        ->add_option("--templates", inspect.segment.templates, "of a segment: how many to list")
        ->capture_default_str();

    bool hash_stdin = false;
    CLI::App* hash_cmd = app.add_subcommand(
        "hash-token", "Make a token and its hash for auth.credentials of the configuration");
    hash_cmd->add_flag(
        "--stdin", hash_stdin, "print the hash of the first line of standard input: a password");

    CLI::App* endpoints_cmd = app.add_subcommand(
        "endpoints", "List what the server answers to: methods, path, right, tenants");

    app.add_subcommand("agent", "Ship logs: takes Promtail's configuration and flags")
        ->footer("logi agent -help lists the flags");

    CLI::App* version_cmd = app.add_subcommand("version", "Print the version");
    try {
        auto arguments = cli::our_arguments(argc, argv);
        if (!arguments.empty() && arguments[0][0] != '-' && !check_command(app, arguments[0])) {
            return 1;
        }
        std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them last first
        app.parse(std::move(arguments));
    } catch (const CLI::ParseError& e) {
        return app.exit(e);
    }
    if (*server_cmd && health_wanted) {
        return cli::healthcheck_command(server_health);
    }
    if (chosen) {
        return chosen();
    }
    if (*server_cmd) {
        return cli::server_command(server);
    }
    if (*health_cmd) {
        return cli::healthcheck_command(health);
    }
    if (*query_cmd) {
        return cli::query_command(query);
    }
    if (*canary_cmd) {
        return cli::canary_command(canary);
    }
    if (*check_config) {
        return cli::check_config_command(config_file, check_expanded);
    }
    if (*inspect_cmd) {
        return cli::inspect_command(inspect);
    }
    if (*hash_cmd) {
        return cli::hash_command(hash_stdin);
    }
    if (*endpoints_cmd) {
        return cli::endpoints_command();
    }
    if (*version_cmd) {
        return cli::version_command();
    }
    return 0;
}
