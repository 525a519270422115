#include "rule/outgoing.h"

#include "absl/memory/memory.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/version.h"
#include "net/authorization.h"
#include "net/url.h"

namespace logi::rule {
namespace {

constexpr std::uint64_t kAnswerBytesMax = 1U << 20U;
constexpr std::size_t kTextBytesMax = 512;

Duration retry_after_of(const net::HttpResponse& response) {
    constexpr std::uint32_t kSecondsMax = 3600;
    std::uint32_t seconds = 0;
    const std::string text(response.header("Retry-After"));
    return absl::SimpleAtoi(text, &seconds) ? Duration::seconds(std::min(seconds, kSecondsMax))
                                            : Duration{};
}

}  // namespace

StatusOr<std::unique_ptr<OutgoingClient>> OutgoingClient::make(const std::string& url,
                                                               const OutgoingHttp& http,
                                                               Duration timeout) {
    net::ClientOptions options;
    options.tls = {.ca_file = http.ca_file,
                   .cert_file = http.cert_file,
                   .key_file = http.key_file,
                   .server_name = http.server_name,
                   .skip_verify = http.insecure_skip_verify};
    options.timeout = timeout;
    options.body_bytes_max = kAnswerBytesMax;
    LOGI_ASSIGN_OR_RETURN(auto client, net::HttpClient::make(url, options));
    LOGI_ASSIGN_OR_RETURN(const net::ServerUrl parsed, net::parse_server_url(url));
    return absl::WrapUnique(new OutgoingClient(http, !parsed.prefix.empty(), std::move(client)));
}

StatusOr<OutgoingClient::Answer> OutgoingClient::post(const std::string& target,
                                                      std::vector<net::Header> headers,
                                                      std::string_view body) {
    headers.emplace_back("User-Agent", absl::StrCat("logi/", base::kVersion));
    headers.insert(headers.end(), http_.headers.begin(), http_.headers.end());
    LOGI_RETURN_IF_ERROR(net::add_authorization({http_.user,
                                                 http_.password,
                                                 http_.password_file,
                                                 http_.authorization_type,
                                                 http_.token,
                                                 http_.token_file},
                                                headers));
    const std::string path = target.empty() && !has_path_ ? "/" : target;
    auto answer = client_->send("POST", path, headers, body);
    if (absl::IsUnavailable(answer.status())) {
        // A connection that was kept may be closed by now. The same again does no harm.
        answer = client_->send("POST", path, headers, body);
    }
    LOGI_RETURN_IF_ERROR(answer.status());
    return Answer{answer->status,
                  answer->body.substr(0, answer->body.find('\n')).substr(0, kTextBytesMax),
                  retry_after_of(*answer)};
}

}  // namespace logi::rule
