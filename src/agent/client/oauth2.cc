#include "agent/client/oauth2.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "net/authorization.h"
#include "net/http_client.h"
#include "net/url.h"

#include <simdjson.h>

#include <algorithm>

namespace logi::agent {
namespace {

constexpr std::uint64_t kTokenBytesMax = 1U << 20U;
constexpr std::size_t kRefusalShownBytes = 200;
// A token is used no more when so little of its time is left.
constexpr Duration kMargin = Duration::seconds(10);
// Of a server that does not say how long a token lasts.
constexpr std::int64_t kSecondsDefault = 300;

std::string form_of(const OAuth2Config& config) {
    std::string form = "grant_type=client_credentials";
    if (!config.scopes.empty()) {
        absl::StrAppend(&form, "&scope=", net::url_encode(absl::StrJoin(config.scopes, " ")));
    }
    for (const auto& [name, value] : config.endpoint_params) {
        absl::StrAppend(&form, "&", net::url_encode(name), "=", net::url_encode(value));
    }
    return form;
}

}  // namespace

StatusOr<std::string> OAuth2::token() {
    if (token_.empty() || clock_.now() >= until_) {
        LOGI_RETURN_IF_ERROR(fetch());
    }
    return token_;
}

Status OAuth2::fetch() {
    std::string secret = config_.client_secret;
    if (!config_.client_secret_file.empty()) {
        LOGI_ASSIGN_OR_RETURN(secret, net::first_line_of(config_.client_secret_file));
    }
    LOGI_ASSIGN_OR_RETURN(const net::ServerUrl url, net::parse_server_url(config_.token_url));
    net::ClientOptions options;
    options.tls = config_.tls;
    options.timeout = timeout_;
    options.body_bytes_max = kTokenBytesMax;
    const std::string who =
        absl::StrCat(net::url_encode(config_.client_id), ":", net::url_encode(secret));
    const auto answer = net::http_send(config_.token_url,
                                       "POST",
                                       url.prefix.empty() ? "/" : "",
                                       {{"Content-Type", "application/x-www-form-urlencoded"},
                                        {"Accept", "application/json"},
                                        {"Authorization", "Basic " + absl::Base64Escape(who)}},
                                       form_of(config_),
                                       options);
    LOGI_RETURN_IF_ERROR(answer.status());
    simdjson::dom::parser parser;
    simdjson::dom::element root;
    std::string_view token;
    if (answer->status / 100 != 2 || parser.parse(answer->body).get(root) != simdjson::SUCCESS ||
        root["access_token"].get_string().get(token) != simdjson::SUCCESS || token.empty()) {
        return absl::UnavailableError(absl::StrCat(config_.token_url,
                                                   " gives no token: ",
                                                   answer->status,
                                                   " ",
                                                   answer->body.substr(0, kRefusalShownBytes)));
    }
    std::int64_t seconds = kSecondsDefault;
    if (root["expires_in"].get_int64().get(seconds) != simdjson::SUCCESS) {
        seconds = kSecondsDefault;
    }
    constexpr std::int64_t kSecondsMax = 365LL * 86400;
    token_ = std::string(token);
    until_ = clock_.now() + Duration::seconds(std::clamp<std::int64_t>(seconds, 0, kSecondsMax)) -
             kMargin;
    return absl::OkStatus();
}

}  // namespace logi::agent
