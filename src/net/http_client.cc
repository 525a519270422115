#include "net/http_client.h"

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "net/client_exchange.h"

namespace logi::net {
StatusOr<std::unique_ptr<HttpClient>> HttpClient::make(const std::string& url,
                                                       const ClientOptions& options) {
    LOGI_ASSIGN_OR_RETURN(auto parsed, parse_server_url(url));
    TlsContext context;
    if (parsed.tls) {
        LOGI_ASSIGN_OR_RETURN(context, client_context(options.tls));
    }
    return absl::WrapUnique(new HttpClient(url, std::move(parsed), options, std::move(context)));
}

Status HttpClient::connect() {
    if (connection_ != nullptr && !connection_->is_readable()) {
        connection_->set_time_left(options_.timeout);
        return absl::OkStatus();
    }
    connection_.reset();
    LOGI_ASSIGN_OR_RETURN(connection_,
                          ClientConnection::open(url_, options_.tls, context_, options_.timeout));
    return absl::OkStatus();
}

StatusOr<HttpResponse> HttpClient::receive(bool is_head) {
    AnswerReader reader(*connection_, options_.body_bytes_max);
    auto response = reader.read(is_head);
    if (response.ok() && (!reader.keep_alive() || !reader.rest().empty())) {
        connection_.reset();
    }
    return response;
}

StatusOr<HttpResponse> HttpClient::exchange(const std::string& head,
                                            std::string_view body,
                                            bool is_head) {
    LOGI_RETURN_IF_ERROR(connect());
    LOGI_RETURN_IF_ERROR(connection_->write(head));
    // A server that refuses what it has not read yet may have answered already.
    const Status written = connection_->write(body);
    auto response = receive(is_head);
    return response.ok() || written.ok() ? std::move(response) : written;
}

StatusOr<HttpResponse> HttpClient::send(const std::string& method,
                                        const std::string& target,
                                        const std::vector<Header>& headers,
                                        std::string_view body) {
    LOGI_ASSIGN_OR_RETURN(const std::string head,
                          request_head(method, url_, target, headers, body.size()));
    auto response = exchange(head, body, method == "HEAD");
    if (!response.ok()) {
        connection_.reset();
        return Status(response.status().code(),
                      absl::StrCat(name_, ": ", std::string(message_of(response.status()))));
    }
    return response;
}

StatusOr<HttpResponse> http_send(const std::string& url,
                                 const std::string& method,
                                 const std::string& target,
                                 const std::vector<Header>& headers,
                                 const std::string& body,
                                 const ClientOptions& options) {
    LOGI_ASSIGN_OR_RETURN(const auto client, HttpClient::make(url, options));
    return client->send(method, target, headers, body);
}

}  // namespace logi::net
