#include "cli/client.h"

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "io/read_file.h"
#include "net/http_pool.h"
#include "wire/decompress.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace logi::cli {
namespace {

constexpr std::uint64_t kTokenBytesMax = 64U << 10U;

StatusOr<std::string> bearer_token(const ClientArgs& args) {
    if (args.bearer_token_file.empty()) {
        return args.bearer_token;
    }
    const auto files = io::make_posix_file_system();
    LOGI_ASSIGN_OR_RETURN(const std::string text,
                          io::read_file(*files, args.bearer_token_file, kTokenBytesMax));
    return std::string(absl::StripAsciiWhitespace(text));
}

StatusOr<net::HttpResponse> send_by_proxy(const ClientArgs& args,
                                          const std::string& method,
                                          const std::string& target,
                                          const std::vector<net::Header>& headers,
                                          const std::string& body,
                                          const net::ClientOptions& options) {
    if (!args.tls.cert_file.empty()) {
        return absl::InvalidArgumentError("--cert does not go with a proxy");
    }
    net::HttpPoolOptions pool_options;
    pool_options.ca_file = args.tls.ca_file;
    pool_options.verify_tls = !args.tls.skip_verify;
    net::HttpPool pool(pool_options);
    net::PoolRequest request;
    request.method = method;
    request.url = absl::StrCat(std::string(absl::StripSuffix(args.addr, "/")), target);
    request.headers = headers;
    request.body = body;
    request.timeout = options.timeout;
    request.response_bytes_max = options.body_bytes_max;
    LOGI_ASSIGN_OR_RETURN(auto response, pool.send(request));
    return std::move(response.http);
}

}  // namespace

Status refuse_proxy(const ClientArgs& args, const char* what) {
    return uses_proxy(args) ? absl::InvalidArgumentError(absl::StrCat(what, " cannot use a proxy"))
                            : absl::OkStatus();
}

void add_tls_flags(CLI::App& command, net::ClientTls& tls) {
    const auto add =
        [&command](const char* flag, std::string& value, const char* variable, const char* text) {
            command.add_option(flag, value, text)->envname(variable);
        };
    add("--ca-cert", tls.ca_file, "LOKI_CA_CERT_PATH", "PEM file: who may vouch for the server");
    add("--cert", tls.cert_file, "LOKI_CLIENT_CERT_PATH", "PEM file: our certificate");
    add("--key", tls.key_file, "LOKI_CLIENT_KEY_PATH", "PEM file: our certificate's key");
    command
        .add_flag("--tls-skip-verify", tls.skip_verify, "talk to whoever answers, without checking")
        ->envname("LOKI_TLS_SKIP_VERIFY");
}

void add_client_flags(CLI::App& command, ClientArgs& args) {
    const auto add =
        [&command](const char* flag, std::string& value, const char* variable, const char* text) {
            return command.add_option(flag, value, text)->envname(variable);
        };
    add("--addr", args.addr, "LOKI_ADDR", "server address, http:// or https://")
        ->capture_default_str();
    add("--org-id", args.org_id, "LOKI_ORG_ID", "tenant");
    add("--username", args.username, "LOKI_USERNAME", "user, for basic authentication");
    add("--password", args.password, "LOKI_PASSWORD", "password, for basic authentication");
    add("--bearer-token", args.bearer_token, "LOKI_BEARER_TOKEN", "token");
    add("--bearer-token-file",
        args.bearer_token_file,
        "LOKI_BEARER_TOKEN_FILE",
        "file with the token");
    add("--auth-header", args.auth_header, "LOKI_AUTH_HEADER", "header for token or password")
        ->capture_default_str();
    add("--query-tags",
        args.query_tags,
        "LOKI_QUERY_TAGS",
        "key=value,… for the server's log of queries");
    command
        .add_option(
            "--header", args.headers, "NAME: VALUE, sent with each request; may be repeated")
        ->allow_extra_args(false);
    command.add_flag("--compress", args.compress, "answers come compressed, with gzip")
        ->envname("LOKI_HTTP_COMPRESSION");
    // What speaks to proxies asks the environment.
    command.add_option("--proxy-url", args.proxy_url, "HTTP proxy: http://HOST:PORT")
        ->envname("LOKI_HTTP_PROXY_URL")
        ->each([](const std::string& url) {
            for (const char* name : {"http_proxy", "https_proxy"}) {
                ::setenv(name, url.c_str(), 1);
            }
            ::unsetenv("no_proxy");
            ::unsetenv("NO_PROXY");
        });
    command
        .add_flag(
            "--envproxy", args.envproxy, "the proxy that HTTP_PROXY, HTTPS_PROXY and NO_PROXY name")
        ->envname("LOKI_ENV_PROXY")
        ->each([](const std::string&) {
            // Only its name in small letters counts elsewhere.
            if (const char* url = std::getenv("HTTP_PROXY"); url != nullptr) {
                ::setenv("http_proxy", url, 0);
            }
        });
    command.add_flag("--nocache", args.nocache, "answers that no cache has kept");
    command
        .add_option("--retries", args.retries, "how often to ask again where there is no answer")
        ->envname("LOKI_CLIENT_RETRIES")
        ->capture_default_str();
    command.add_option("--min-backoff", args.backoff_min_s, "first pause between them, in seconds")
        ->envname("LOKI_CLIENT_MIN_BACKOFF");
    command.add_option("--max-backoff", args.backoff_max_s, "longest pause, in seconds")
        ->envname("LOKI_CLIENT_MAX_BACKOFF");
    add_tls_flags(command, args.tls);
}

StatusOr<std::vector<net::Header>> client_headers(const ClientArgs& args) {
    const bool basic = !args.username.empty() || !args.password.empty();
    if (static_cast<int>(basic) + static_cast<int>(!args.bearer_token.empty()) +
            static_cast<int>(!args.bearer_token_file.empty()) >
        1) {
        return absl::InvalidArgumentError(
            "--username with --password, --bearer-token and --bearer-token-file exclude each "
            "other");
    }
    std::vector<net::Header> headers;
    const auto add = [&headers](const std::string& name, std::string value) {
        if (!value.empty()) {
            headers.emplace_back(name, std::move(value));
        }
    };
    add("X-Scope-OrgID", args.org_id);
    add("X-Query-Tags", args.query_tags);
    add("Cache-Control", args.nocache ? "no-cache" : "");
    add("Accept-Encoding", args.compress ? "gzip" : "");
    for (const std::string& header : args.headers) {
        const std::size_t colon = header.find(':');
        if (colon == std::string::npos || colon == 0) {
            return absl::InvalidArgumentError(absl::StrCat("--header: not NAME: VALUE: ", header));
        }
        std::string value = header.substr(colon + 1);
        absl::StripAsciiWhitespace(&value);
        add(header.substr(0, colon), std::move(value));
    }
    LOGI_ASSIGN_OR_RETURN(const std::string token, bearer_token(args));
    add(args.auth_header, token.empty() ? "" : absl::StrCat("Bearer ", token));
    add(args.auth_header,
        basic ? absl::StrCat("Basic ",
                             absl::Base64Escape(absl::StrCat(args.username, ":", args.password)))
              : "");
    return headers;
}

StatusOr<net::HttpResponse> ask_server(const ClientArgs& args,
                                       const std::string& method,
                                       const std::string& target,
                                       const std::string& body) {
    LOGI_ASSIGN_OR_RETURN(const auto headers, client_headers(args));
    net::ClientOptions options;
    options.tls = args.tls;
    LOGI_ASSIGN_OR_RETURN(auto answer,
                          uses_proxy(args)
                              ? send_by_proxy(args, method, target, headers, body, options)
                              : net::http_send(args.addr, method, target, headers, body, options));
    if (answer.header("Content-Encoding") == "gzip") {
        LOGI_ASSIGN_OR_RETURN(answer.body, wire::gunzip(answer.body, options.body_bytes_max));
    }
    return answer;
}

std::string target_of(const std::string& path, const Parameters& parameters) {
    std::string target = path;
    char separator = '?';
    for (const auto& [name, value] : parameters) {
        if (!value.empty()) {
            absl::StrAppend(&target, std::string(1, separator), name, "=", net::url_encode(value));
            separator = '&';
        }
    }
    return target;
}

StatusOr<std::string> read_from_server(const ClientArgs& args,
                                       const std::string& path,
                                       const Parameters& parameters) {
    constexpr int kGood = 200;
    constexpr int kServerError = 500;
    const std::string target = target_of(path, parameters);
    for (unsigned tries = 0;; ++tries) {
        auto answer = ask_server(args, "GET", target, "");
        if (answer.ok() && answer->status == kGood) {
            return std::move(answer->body);
        }
        const Status why =
            !answer.ok() ? answer.status()
                         : Status(answer->status < kServerError ? absl::StatusCode::kInvalidArgument
                                                                : absl::StatusCode::kUnavailable,
                                  absl::StrCat("the server answered ",
                                               answer->status,
                                               ": ",
                                               absl::StripTrailingAsciiWhitespace(answer->body)));
        if (why.code() == absl::StatusCode::kInvalidArgument || tries >= args.retries) {
            return why;
        }
        const std::uint64_t pause = std::uint64_t{args.backoff_min_s} << std::min(tries, 16U);
        net::HttpPool::pause(Duration::seconds(static_cast<std::int64_t>(
            args.backoff_max_s == 0 ? pause : std::min<std::uint64_t>(pause, args.backoff_max_s))));
    }
}

StatusOr<wire::QueryAnswer> parse_answer(const std::string& body) {
    auto answer = wire::parse_query_answer(body);
    if (!answer.ok()) {
        return absl::UnavailableError(
            absl::StrCat("the server's answer cannot be read: ", answer.status().message()));
    }
    for (const std::string& warning : answer->warnings) {
        std::fprintf(stderr, "logi: warning: %s\n", warning.c_str());
    }
    return answer;
}

}  // namespace logi::cli
