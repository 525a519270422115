#include "agent/client/sender.h"

#include "absl/strings/str_cat.h"
#include "agent/client/oauth2.h"
#include "base/version.h"
#include "net/authorization.h"
#include "net/http_client.h"
#include "net/url.h"

namespace logi::agent {
namespace {

constexpr std::size_t kFirstLineBytesMax = 1024;
constexpr int kUnauthorized = 401;
constexpr std::uint64_t kPushAnswerBytesMax = 1U << 20U;

class HttpSender final : public Sender {
  public:
    HttpSender(const ClientConfig& config,
               const net::ServerUrl& url,
               const io::Clock& clock,
               std::unique_ptr<net::HttpClient> client)
        : config_(config),
          host_(url.authority),
          target_(url.prefix.empty() ? "/" : ""),  // the address names the rest
          client_(std::move(client)) {
        if (config.oauth2.has_value()) {
            oauth2_.emplace(*config.oauth2, clock, config.timeout);
        }
    }

    StatusOr<PushAnswer> push(const std::string& tenant, const std::string& body) override {
        auto answer = push_once(tenant, body);
        if (oauth2_.has_value() && answer.ok() && answer->status == kUnauthorized) {
            oauth2_->forget();
            answer = push_once(tenant, body);
        }
        return answer;
    }
    [[nodiscard]] const std::string& host() const override { return host_; }

  private:
    StatusOr<PushAnswer> push_once(const std::string& tenant, const std::string& body) {
        LOGI_ASSIGN_OR_RETURN(const auto headers, headers_for(tenant));
        auto answer = client_->send("POST", target_, headers, body);
        if (absl::IsUnavailable(answer.status())) {
            // A connection that was kept may be closed by now. The same again does no harm.
            answer = client_->send("POST", target_, headers, body);
        }
        LOGI_RETURN_IF_ERROR(answer.status());
        return PushAnswer{
            answer->status,
            answer->body.substr(0, answer->body.find('\n')).substr(0, kFirstLineBytesMax)};
    }
    StatusOr<std::vector<net::Header>> headers_for(const std::string& tenant) {
        std::vector<net::Header> headers(config_.headers.begin(), config_.headers.end());
        headers.emplace_back("Content-Type", "application/x-protobuf");
        headers.emplace_back("User-Agent", absl::StrCat("promtail/logi-", base::kVersion));
        if (!tenant.empty()) {
            headers.emplace_back("X-Scope-OrgID", tenant);
        }
        LOGI_RETURN_IF_ERROR(net::add_authorization(config_.http.auth, headers));
        if (oauth2_.has_value()) {
            LOGI_ASSIGN_OR_RETURN(const std::string token, oauth2_->token());
            headers.emplace_back("Authorization", "Bearer " + token);
        }
        return headers;
    }

    const ClientConfig config_;
    const std::string host_;
    const std::string target_;
    const std::unique_ptr<net::HttpClient> client_;
    std::optional<OAuth2> oauth2_;
};

}  // namespace

StatusOr<std::unique_ptr<Sender>> Sender::make(const ClientConfig& config, const io::Clock& clock) {
    LOGI_ASSIGN_OR_RETURN(const net::ServerUrl url, net::parse_server_url(config.url));
    net::ClientOptions options;
    options.tls = config.http.tls;
    options.timeout = config.timeout;
    options.body_bytes_max = kPushAnswerBytesMax;
    LOGI_ASSIGN_OR_RETURN(auto client, net::HttpClient::make(config.url, options));
    return std::make_unique<HttpSender>(config, url, clock, std::move(client));
}

}  // namespace logi::agent
