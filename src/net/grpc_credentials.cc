#include "net/grpc_credentials.h"

#include "net/tls_context.h"

#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <grpcpp/security/server_credentials.h>

namespace logi::net {
namespace {

// The library's own for C++ cannot change, or read files when they like.
class TlsCredentials final : public grpc::ServerCredentials {
  public:
    explicit TlsCredentials(std::shared_ptr<TlsServer> tls) : tls_(std::move(tls)) {
        credentials_ = grpc_ssl_server_credentials_create_with_options(
            grpc_ssl_server_credentials_create_options_using_config_fetcher(
                request_type(tls_->identity()->tls.clients), fetch, this));
    }
    ~TlsCredentials() override { grpc_server_credentials_release(credentials_); }
    TlsCredentials(const TlsCredentials&) = delete;
    TlsCredentials& operator=(const TlsCredentials&) = delete;

    void SetAuthMetadataProcessor(
        const std::shared_ptr<grpc::AuthMetadataProcessor>& /*processor*/) override {}

  private:
    static grpc_ssl_client_certificate_request_type request_type(ServerTls::Clients clients) {
        switch (clients) {
            case ServerTls::Clients::kIfTheyLike:
                return GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY;
            case ServerTls::Clients::kCertificate:
                return GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY;
            default:
                return GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE;
        }
    }

    // Asked for each connection, one at a time.
    static grpc_ssl_certificate_config_reload_status fetch(
        void* self, grpc_ssl_server_certificate_config** config) {
        auto& credentials = *static_cast<TlsCredentials*>(self);
        auto identity = credentials.tls_->identity();
        if (identity == credentials.given_) {
            return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
        }
        const ServerTls& tls = identity->tls;
        const grpc_ssl_pem_key_cert_pair pair = {tls.key.c_str(), tls.certificate.c_str()};
        // The library demands authorities, also where no client is asked for a certificate.
        const bool asks = tls.clients != ServerTls::Clients::kNothing;
        const std::string& authorities = asks ? tls.client_ca : tls.certificate;
        *config = grpc_ssl_server_certificate_config_create(authorities.c_str(), &pair, 1);
        credentials.given_ = std::move(identity);
        return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
    }

    int AddPortToServer(const std::string& address, grpc_server* server) override {
        return grpc_server_add_http2_port(server, address.c_str(), credentials_);
    }

    const std::shared_ptr<TlsServer> tls_;
    std::shared_ptr<const ServerIdentity> given_;
    grpc_server_credentials* credentials_ = nullptr;
};

}  // namespace

std::shared_ptr<grpc::ServerCredentials> grpc_credentials(std::shared_ptr<TlsServer> tls) {
    if (tls == nullptr) {
        return grpc::InsecureServerCredentials();
    }
    return std::make_shared<TlsCredentials>(std::move(tls));
}

}  // namespace logi::net
