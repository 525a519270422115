// How commands reach a server: logcli's flags and variables, and requests that obey them.
#pragma once

#include "net/http_client.h"

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace logi::cli {

struct ClientArgs {
    std::string addr = "http://127.0.0.1:3100";
    std::string org_id;
    std::string username;
    std::string password;
    std::string bearer_token;
    std::string bearer_token_file;
    std::string auth_header = "Authorization";
    std::string query_tags;
    net::ClientTls tls;
};

// Adds the flags of TLS to a command; `tls` is set when it is parsed.
void add_tls_flags(CLI::App& command, net::ClientTls& tls);

// Adds all flags, likewise.
void add_client_flags(CLI::App& command, ClientArgs& args);

// What each request says of who asks. kInvalidArgument if that is said twice.
StatusOr<std::vector<net::Header>> client_headers(const ClientArgs& args);

// One request. As net::http_send() and client_headers().
StatusOr<net::HttpResponse> ask_server(const ClientArgs& args,
                                       const std::string& method,
                                       const std::string& target,
                                       const std::string& body);

}  // namespace logi::cli
