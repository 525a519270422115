#include "net/tls_connection.h"

#include "absl/memory/memory.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

namespace logi::net {

std::unique_ptr<TlsConnection> TlsConnection::make(const TlsContext& context, int fd) {
    std::unique_ptr<ssl_st, Free> ssl(SSL_new(context.get()));
    if (ssl == nullptr || SSL_set_fd(ssl.get(), fd) != 1) {
        return nullptr;
    }
    SSL_set_accept_state(ssl.get());
    return absl::WrapUnique(new TlsConnection(std::move(ssl)));
}

TlsConnection::~TlsConnection() = default;

void TlsConnection::Free::operator()(ssl_st* ssl) const {
    SSL_free(ssl);
}

TlsStep TlsConnection::step_of(int result) {
    switch (SSL_get_error(ssl_.get(), result)) {
        case SSL_ERROR_NONE:
            return TlsStep::kDone;
        case SSL_ERROR_WANT_READ:
            return TlsStep::kWaitToRead;
        case SSL_ERROR_WANT_WRITE:
            return TlsStep::kWaitToWrite;
        case SSL_ERROR_ZERO_RETURN:
            return TlsStep::kEnd;
        default:
            break;
    }
    const auto code = ERR_peek_error();
    const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
    error_ = handshake_error(*ssl_, reason == nullptr ? "the connection broke" : reason);
    speaks_http_ = ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == SSL_R_HTTP_REQUEST;
    return TlsStep::kFailed;
}

TlsStep TlsConnection::handshake() {
    ERR_clear_error();
    return step_of(SSL_do_handshake(ssl_.get()));
}

TlsStep TlsConnection::read(void* out, std::size_t size, std::size_t& bytes) {
    ERR_clear_error();
    return step_of(SSL_read_ex(ssl_.get(), out, size, &bytes));
}

TlsStep TlsConnection::write(const void* data, std::size_t size, std::size_t& bytes) {
    ERR_clear_error();
    return step_of(SSL_write_ex(ssl_.get(), data, size, &bytes));
}

TlsStep TlsConnection::look() {
    char next = 0;
    std::size_t bytes = 0;
    ERR_clear_error();
    return step_of(SSL_peek_ex(ssl_.get(), &next, 1, &bytes));
}

void TlsConnection::say_end() {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    ERR_clear_error();
}

std::shared_ptr<const PeerCertificate> TlsConnection::peer() const {
    const X509* certificate = SSL_get0_peer_certificate(ssl_.get());
    return certificate == nullptr ? nullptr : peer_of(*certificate);
}

}  // namespace logi::net
