// The commands of the binary. Each takes its arguments from CLI11 in main.cc and returns the exit
// status.
#pragma once

#include "canary/settings.h"
#include "cli/client.h"
#include "cli/line_printer.h"
#include "cli/local_data.h"
#include "cli/parts.h"
#include "cli/time_range.h"
#include "segment/inspect.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace logi::cli {

struct ServerArgs {
    std::string config_file;
    bool expand_env = false;  // ${NAME} in the file
    bool verify_config = false;
    std::string role = "all";
    std::string target = "all";
    std::string listen;
    std::string cluster_listen;
    std::string cluster_advertise;
    std::string data;
    std::string log_level;
    std::string log_format;
};
int server_command(const ServerArgs& args);

// Arguments as Promtail takes them.
int agent_command(const std::vector<std::string>& args);

int version_command();

int check_config_command(const std::string& file, bool expand_env);

struct QueryArgs {
    std::string query;
    ClientArgs client;
    RangeArgs range;
    std::uint64_t limit = 30;    // 0: all
    bool limit_given = false;    // else it is the default
    bool from_stdin = false;     // over lines of standard input, without a server
    LocalArgs local;             // paths: over those, without a server
    std::uint64_t batch = 1000;  // lines of a request
    std::string step;
    std::string interval;
    bool forward = false;
    bool stats = false;
    PrintArgs print;
    PartsArgs parts;
    bool tail = false;         // go on with what comes in
    unsigned delay_for_s = 0;  // of a tail: how late lines come
};
void add_query_flags(CLI::App& command, QueryArgs& args);
int query_command(const QueryArgs& args);
// A query with `tail`: until it is stopped.
int tail_query(const QueryArgs& args);
// A query with `from_stdin`, to the end of the input.
int query_stdin(const QueryArgs& args);
// A query with `local.paths`.
int query_local(const QueryArgs& args);
// The same over data that is open, with the query as a whole.
Status run_local_query(io::Executor& executor,
                       const LocalData& data,
                       const QueryArgs& args,
                       const std::string& query);
// A query that begins with its pipeline gets the selector.
[[nodiscard]] std::string with_selector(const std::string& query, const std::string& selector);

// logcli's other commands: labels, series, stats and so on. What is chosen on the command line is
// put into `chosen`.
void add_lookup_commands(CLI::App& app, std::function<int()>& chosen);
void add_index_commands(CLI::App& app, std::function<int()>& chosen);
void add_delete_command(CLI::App& app, std::function<int()>& chosen);
void add_fmt_command(CLI::App& app, std::function<int()>& chosen);
void add_rules_command(CLI::App& app, std::function<int()>& chosen);
void add_import_command(CLI::App& app, std::function<int()>& chosen);
// Of all commands that `app` has when they run.
void add_completion_commands(CLI::App& app, std::function<int()>& chosen);

void add_canary_flags(CLI::App& command, canary::Settings& settings);
int canary_command(const canary::Settings& settings);

struct HealthcheckArgs {
    std::string address = "http://127.0.0.1:3100";  // or HOST:PORT
    std::string timeout = "5s";
    net::ClientTls tls;
};
// Whether the server at that address takes requests: 0, or 1 with the reason on standard error.
int healthcheck_command(const HealthcheckArgs& args);

struct InspectArgs {
    std::string kind;  // segment, journal or catalog
    std::string path;
    segment::DumpOptions segment;
};
int inspect_command(const InspectArgs& options);

// A new token with its hash, or the hash of a line of standard input.
int hash_command(bool from_stdin);

// What the server answers to, one endpoint a line: methods, path, right, tenants.
int endpoints_command();

}  // namespace logi::cli
