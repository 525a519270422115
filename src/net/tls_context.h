// Certificates and keys in the form that OpenSSL wants them. For the .cc files of this module.
#pragma once

#include "net/tls.h"

#include <cstdint>
#include <memory>
#include <string>

struct ssl_ctx_st;
struct ssl_st;
struct x509_st;

namespace logi::net {

// Files with certificates and keys are no larger.
inline constexpr std::uint64_t kPemBytesMax = 4ULL << 20U;

// Immutable once made, so shared by connections.
using TlsContext = std::shared_ptr<ssl_ctx_st>;

// What TlsServer has: immutable.
struct ServerIdentity {
    ServerTls tls;
    TlsContext context;
};

// kInvalidArgument or kNotFound, naming the file, when one cannot be used.
StatusOr<TlsContext> client_context(const ClientTls& tls);

// Whom the server has to be: `host` is a name or an address.
Status expect_server(ssl_st& connection, const ClientTls& tls, const std::string& host);

// Why a handshake failed: what is wrong with the peer's certificate, else `error`.
[[nodiscard]] std::string handshake_error(const ssl_st& connection, const std::string& error);

// Whom a certificate is of.
[[nodiscard]] std::shared_ptr<const PeerCertificate> peer_of(const x509_st& certificate);

}  // namespace logi::net
