// The commands of the binary. Each takes its arguments from CLI11 in main.cc and returns the exit
// status.
#pragma once

#include "canary/settings.h"
#include "cli/client.h"
#include "cli/line_printer.h"
#include "segment/inspect.h"

#include <string>
#include <vector>

namespace logi::cli {

struct ServerArgs {
    std::string config_file;
    bool expand_env = false;  // ${NAME} in the file
    bool verify_config = false;
    std::string target = "all";
    std::string listen;
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
    std::string since = "1h";
    std::string from;
    std::string to;
    unsigned limit = 30;
    bool forward = false;
    PrintArgs print;
    bool tail = false;         // go on with what comes in
    unsigned delay_for_s = 0;  // of a tail: how late lines come
};
int query_command(const QueryArgs& args);
// A query with `tail`: until it is stopped.
int tail_query(const QueryArgs& args);

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
