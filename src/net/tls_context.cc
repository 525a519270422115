#include "net/tls_context.h"

#include "absl/strings/str_cat.h"
#include "io/read_file.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>
#include <vector>

namespace logi::net {
namespace {

struct Free {
    void operator()(BIO* bio) const { BIO_free(bio); }
    void operator()(X509* certificate) const { X509_free(certificate); }
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using Bio = std::unique_ptr<BIO, Free>;
using Certificate = std::unique_ptr<X509, Free>;
using Key = std::unique_ptr<EVP_PKEY, Free>;

// What OpenSSL says of its last failure; it forgets it.
std::string last_error() {
    std::string text = "cannot be used";
    if (const auto code = ERR_peek_last_error(); code != 0) {
        const char* reason = ERR_reason_error_string(code);
        text = reason == nullptr ? text : reason;
    }
    ERR_clear_error();
    return text;
}

// Else it would ask whoever sits before the terminal.
int no_passphrase(char*, int, int, void*) {
    return -1;
}

Bio bio_of(const std::string& text) {
    return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

StatusOr<std::vector<Certificate>> certificates_of(const std::string& pem) {
    std::vector<Certificate> out;
    const Bio bio = bio_of(pem);
    ERR_clear_error();
    while (X509* next = PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr)) {
        out.emplace_back(next);
    }
    const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    const std::string error = last_error();
    if (!at_end) {
        return absl::InvalidArgumentError(error);
    }
    if (out.empty()) {
        return absl::InvalidArgumentError("there is no certificate in it");
    }
    return out;
}

StatusOr<Key> key_of(const std::string& pem) {
    Key key(PEM_read_bio_PrivateKey(bio_of(pem).get(), nullptr, no_passphrase, nullptr));
    if (key == nullptr) {
        last_error();
        return absl::InvalidArgumentError("there is no private key in it, or it has a passphrase");
    }
    return key;
}

Status trust(SSL_CTX& context, const std::string& pem) {
    LOGI_ASSIGN_OR_RETURN(const auto certificates, certificates_of(pem));
    X509_STORE* store = SSL_CTX_get_cert_store(&context);
    for (const auto& certificate : certificates) {
        if (X509_STORE_add_cert(store, certificate.get()) != 1) {
            return absl::InvalidArgumentError(last_error());
        }
    }
    return absl::OkStatus();
}

// The first certificate is ours, those behind it lead to one that peers know.
Status use_chain(SSL_CTX& context, const std::string& pem) {
    LOGI_ASSIGN_OR_RETURN(auto certificates, certificates_of(pem));
    if (SSL_CTX_use_certificate(&context, certificates.front().get()) != 1) {
        return absl::InvalidArgumentError(last_error());
    }
    for (std::size_t i = 1; i < certificates.size(); ++i) {
        if (SSL_CTX_add1_chain_cert(&context, certificates[i].get()) != 1) {
            return absl::InvalidArgumentError(last_error());
        }
    }
    return absl::OkStatus();
}

Status use_key(SSL_CTX& context, const std::string& pem) {
    LOGI_ASSIGN_OR_RETURN(const auto key, key_of(pem));
    if (SSL_CTX_use_PrivateKey(&context, key.get()) != 1 ||
        SSL_CTX_check_private_key(&context) != 1) {
        return absl::InvalidArgumentError(
            absl::StrCat("the key is not the certificate's: ", last_error()));
    }
    return absl::OkStatus();
}

Status at(const std::string& file, const Status& status) {
    return status.ok()
               ? status
               : Status(status.code(), absl::StrCat(file, ": ", std::string(message_of(status))));
}

TlsContext new_context(const SSL_METHOD* method) {
    TlsContext context(SSL_CTX_new(method), SSL_CTX_free);
    if (context != nullptr) {
        SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
        SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
    }
    return context;
}

Status set_clients(SSL_CTX& context, const ServerTls& tls) {
    if (tls.clients == ServerTls::Clients::kNothing) {
        return absl::OkStatus();
    }
    LOGI_ASSIGN_OR_RETURN(const auto authorities, certificates_of(tls.client_ca));
    for (const auto& authority : authorities) {
        if (X509_STORE_add_cert(SSL_CTX_get_cert_store(&context), authority.get()) != 1 ||
            SSL_CTX_add_client_CA(&context, authority.get()) != 1) {
            return absl::InvalidArgumentError(last_error());
        }
    }
    const int required =
        tls.clients == ServerTls::Clients::kCertificate ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0;
    SSL_CTX_set_verify(&context, SSL_VERIFY_PEER | required, nullptr);
    // Nobody comes back who would not be let in: certificates expire, and authorities change.
    SSL_CTX_set_options(&context, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(&context, 0);
    return absl::OkStatus();
}

StatusOr<TlsContext> server_context(const ServerTls& tls) {
    TlsContext context = new_context(TLS_server_method());
    if (context == nullptr) {
        return absl::UnavailableError(absl::StrCat("TLS: ", last_error()));
    }
    if (tls.only_tls13) {
        SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION);
    }
    // A request says itself where it ends.
    SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(context.get(),
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
    LOGI_RETURN_IF_ERROR(at("certificate", use_chain(*context, tls.certificate)));
    LOGI_RETURN_IF_ERROR(at("key", use_key(*context, tls.key)));
    LOGI_RETURN_IF_ERROR(at("client CA", set_clients(*context, tls)));
    return context;
}

std::string text_of(const ASN1_STRING* text) {
    unsigned char* utf8 = nullptr;
    const int size = ASN1_STRING_to_UTF8(&utf8, text);
    std::string out =
        size < 0 ? "" : std::string(reinterpret_cast<char*>(utf8), static_cast<std::size_t>(size));
    OPENSSL_free(utf8);
    return out;
}

std::string name_of(const GENERAL_NAME& name) {
    const auto raw = [](const ASN1_STRING* text) {
        return std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                           static_cast<std::size_t>(ASN1_STRING_length(text)));
    };
    switch (name.type) {
        case GEN_DNS:
            return absl::StrCat("DNS:", raw(name.d.dNSName));
        case GEN_URI:
            return absl::StrCat("URI:", raw(name.d.uniformResourceIdentifier));
        case GEN_EMAIL:
            return absl::StrCat("email:", raw(name.d.rfc822Name));
        case GEN_IPADD: {
            const std::string bytes = raw(name.d.iPAddress);
            std::array<char, INET6_ADDRSTRLEN> text{};
            const int family = bytes.size() == sizeof(in_addr) ? AF_INET : AF_INET6;
            const bool known = bytes.size() == sizeof(in_addr) || bytes.size() == sizeof(in6_addr);
            return known && ::inet_ntop(family, bytes.data(), text.data(), text.size()) != nullptr
                       ? absl::StrCat("IP:", text.data())
                       : "";
        }
        default:
            return "";
    }
}

bool is_ip(const std::string& host) {
    ASN1_OCTET_STRING* address = a2i_IPADDRESS(host.c_str());
    ASN1_OCTET_STRING_free(address);
    ERR_clear_error();
    return address != nullptr;
}

}  // namespace

StatusOr<TlsContext> client_context(const ClientTls& tls) {
    const auto files = io::make_posix_file_system();
    TlsContext context = new_context(TLS_client_method());
    if (context == nullptr) {
        return absl::UnavailableError(absl::StrCat("TLS: ", last_error()));
    }
    if (tls.cert_file.empty() != tls.key_file.empty()) {
        return absl::InvalidArgumentError("a certificate needs a key, and a key a certificate");
    }
    if (!tls.ca_file.empty()) {
        LOGI_ASSIGN_OR_RETURN(const auto pem, io::read_file(*files, tls.ca_file, kPemBytesMax));
        LOGI_RETURN_IF_ERROR(at(tls.ca_file, trust(*context, pem)));
    } else if (SSL_CTX_set_default_verify_paths(context.get()) != 1) {
        return absl::UnavailableError(absl::StrCat("the system's authorities: ", last_error()));
    }
    if (!tls.cert_file.empty()) {
        LOGI_ASSIGN_OR_RETURN(const auto cert, io::read_file(*files, tls.cert_file, kPemBytesMax));
        LOGI_ASSIGN_OR_RETURN(const auto key, io::read_file(*files, tls.key_file, kPemBytesMax));
        LOGI_RETURN_IF_ERROR(at(tls.cert_file, use_chain(*context, cert)));
        LOGI_RETURN_IF_ERROR(at(tls.key_file, use_key(*context, key)));
    }
    SSL_CTX_set_verify(context.get(), tls.skip_verify ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, nullptr);
    return context;
}

Status expect_server(ssl_st& connection, const ClientTls& tls, const std::string& host) {
    std::string name = tls.server_name.empty() ? host : tls.server_name;
    const bool known =
        is_ip(name) ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(&connection), name.c_str()) == 1
                    : SSL_set1_host(&connection, name.c_str()) == 1 &&
                          SSL_ctrl(&connection,
                                   SSL_CTRL_SET_TLSEXT_HOSTNAME,
                                   TLSEXT_NAMETYPE_host_name,
                                   name.data()) == 1;
    return known ? absl::OkStatus()
                 : absl::InvalidArgumentError(absl::StrCat("the name ", name, " ", last_error()));
}

std::string handshake_error(const ssl_st& connection, const std::string& error) {
    const long result = SSL_get_verify_result(&connection);
    return result == X509_V_OK || SSL_get_verify_mode(&connection) == SSL_VERIFY_NONE
               ? error
               : absl::StrCat("the certificate of the other side cannot be trusted: ",
                              X509_verify_cert_error_string(result));
}

std::shared_ptr<const PeerCertificate> peer_of(const x509_st& certificate) {
    auto peer = std::make_shared<PeerCertificate>();
    const X509_NAME* subject = X509_get_subject_name(&certificate);
    const int first = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (first >= 0 && X509_NAME_get_index_by_NID(subject, NID_commonName, first) < 0) {
        peer->common_name = text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, first)));
    }
    auto* names = static_cast<GENERAL_NAMES*>(
        X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr));
    for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
        if (std::string name = name_of(*sk_GENERAL_NAME_value(names, i)); !name.empty()) {
            peer->names.push_back(std::move(name));
        }
    }
    GENERAL_NAMES_free(names);
    return peer;
}

std::shared_ptr<const PeerCertificate> read_certificate(const std::string& pem) {
    const auto certificates = certificates_of(pem);
    return certificates.ok() ? peer_of(*certificates->front()) : nullptr;
}

StatusOr<std::shared_ptr<TlsServer>> TlsServer::make(const ServerTls& tls) {
    LOGI_ASSIGN_OR_RETURN(auto context, server_context(tls));
    return std::shared_ptr<TlsServer>(new TlsServer(
        std::make_shared<const ServerIdentity>(ServerIdentity{tls, std::move(context)})));
}

Status TlsServer::replace(const ServerTls& tls) {
    LOGI_ASSIGN_OR_RETURN(auto context, server_context(tls));
    auto identity = std::make_shared<const ServerIdentity>(ServerIdentity{tls, std::move(context)});
    const base::MutexLock lock(mutex_);
    identity_ = std::move(identity);
    return absl::OkStatus();
}

ServerTls TlsServer::tls() const {
    return identity()->tls;
}

std::shared_ptr<const ServerIdentity> TlsServer::identity() const {
    const base::MutexLock lock(mutex_);
    return identity_;
}

}  // namespace logi::net
