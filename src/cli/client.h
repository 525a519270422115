// How commands reach a server: logcli's flags and variables, and requests that obey them.
#pragma once

#include "net/http_client.h"
#include "wire/answers.h"

#include <string>
#include <utility>
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
    std::vector<std::string> headers;  // NAME: VALUE
    bool nocache = false;
    bool compress = false;  // answers on their way
    std::string proxy_url;
    bool envproxy = false;  // the proxy that HTTP_PROXY, HTTPS_PROXY and NO_PROXY name
    unsigned retries = 0;   // of reads that the server could not answer
    unsigned backoff_min_s = 0;
    unsigned backoff_max_s = 0;
    net::ClientTls tls;
};

// Adds the flags of TLS to a command; `tls` is set when it is parsed.
void add_tls_flags(CLI::App& command, net::ClientTls& tls);

// Adds all flags, likewise.
void add_client_flags(CLI::App& command, ClientArgs& args);

// What each request says of who asks. kInvalidArgument if that is said twice.
StatusOr<std::vector<net::Header>> client_headers(const ClientArgs& args);

// Whether requests go to a proxy.
[[nodiscard]] inline bool uses_proxy(const ClientArgs& args) {
    return args.envproxy || !args.proxy_url.empty();
}
// kInvalidArgument if they do, for what cannot go there.
Status refuse_proxy(const ClientArgs& args, const char* what);

// One request. As net::http_send() and client_headers(); kInvalidArgument for a certificate of our
// own where requests go to a proxy.
StatusOr<net::HttpResponse> ask_server(const ClientArgs& args,
                                       const std::string& method,
                                       const std::string& target,
                                       const std::string& body);

using Parameters = std::vector<std::pair<std::string, std::string>>;

// The body of an answer with status 200, to a GET that is tried again as `args` say. Other answers
// are errors: kInvalidArgument for a status below 500, else kUnavailable.
StatusOr<std::string> read_from_server(const ClientArgs& args,
                                       const std::string& path,
                                       const Parameters& parameters);

// As wire::parse_query_answer(), with warnings shown on standard error.
StatusOr<wire::QueryAnswer> parse_answer(const std::string& body);

// PATH?NAME=VALUE&…, escaped; pairs without a value are left out.
[[nodiscard]] std::string target_of(const std::string& path, const Parameters& parameters);

}  // namespace logi::cli
