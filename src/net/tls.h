// What clients and servers want of TLS, as plain structs, and what it tells of the other side. At
// least TLS 1.2 is spoken. Certificates and keys are PEM.
#pragma once

#include "base/mutex.h"
#include "base/status.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace logi::net {

struct ClientTls {
    std::string ca_file;       // who may vouch for the server; empty: whom the system trusts
    std::string cert_file;     // who we are, with the certificates between; empty: nobody
    std::string key_file;      // of cert_file
    std::string server_name;   // whom the server has to be; empty: as in the address
    bool skip_verify = false;  // talk to whoever answers
};

// The texts of a server's files.
struct ServerTls {
    // What a client has to show. What it shows has to be vouched for.
    enum class Clients { kNothing, kIfTheyLike, kCertificate };

    std::string certificate;  // who we are, with the certificates between
    std::string key;          // of the certificate
    Clients clients = Clients::kNothing;
    std::string client_ca;  // who may vouch for clients
    bool only_tls13 = false;

    friend bool operator==(const ServerTls&, const ServerTls&) = default;
};

// Whom a certificate is of that a connection has shown, and somebody trusted has vouched for.
struct PeerCertificate {
    std::string common_name;  // of its subject; empty if there is none, or more than one
    // Alternative names with their kinds: "DNS:a.example", "URI:spiffe://a/b", "email:a@example",
    // "IP:10.0.0.1".
    std::vector<std::string> names;

    friend bool operator==(const PeerCertificate&, const PeerCertificate&) = default;
};

// Of a certificate as PEM; null if it is none.
[[nodiscard]] std::shared_ptr<const PeerCertificate> read_certificate(const std::string& pem);

struct ServerIdentity;

// Who a server is, which can change while it runs: connections that begin then see what is new.
// Thread-safe.
class TlsServer {
  public:
    // kInvalidArgument, naming which of the texts, when they cannot be used.
    static StatusOr<std::shared_ptr<TlsServer>> make(const ServerTls& tls);

    // After an error everything is as before.
    Status replace(const ServerTls& tls);
    [[nodiscard]] ServerTls tls() const;
    // For this module.
    [[nodiscard]] std::shared_ptr<const ServerIdentity> identity() const;

  private:
    explicit TlsServer(std::shared_ptr<const ServerIdentity> identity)
        : identity_(std::move(identity)) {}

    mutable base::Mutex mutex_;
    std::shared_ptr<const ServerIdentity> identity_ LOGI_GUARDED_BY(mutex_);
};

}  // namespace logi::net
