#include "net/http_client.h"

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

namespace logi::net {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;

constexpr std::size_t kReadBytes = 64U << 10U;
using Parser = http::response_parser<http::string_body>;

// Else one could end the header, or begin another.
bool is_line(std::string_view text) {
    return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

StatusOr<std::string> head_of(const std::string& method,
                              const ServerUrl& url,
                              const std::string& target,
                              const std::vector<Header>& headers,
                              std::size_t body_bytes) {
    std::string out =
        absl::StrCat(method, " ", url.prefix, target, " HTTP/1.1\r\nHost: ", url.authority, "\r\n");
    bool is_plain = is_line(method) && is_line(target);
    for (const auto& [name, value] : headers) {
        is_plain = is_plain && is_line(name) && is_line(value);
        absl::StrAppend(&out, name, ": ", value, "\r\n");
    }
    if (!is_plain) {
        return absl::InvalidArgumentError("a header has a line break in it");
    }
    if (body_bytes > 0 || (method != "GET" && method != "HEAD")) {
        absl::StrAppend(&out, "Content-Length: ", body_bytes, "\r\n");
    }
    out.append("\r\n");
    return out;
}

// An answer may end with its connection.
Status end_of_answer(Parser& parser) {
    beast::error_code ec;
    if (!parser.got_some()) {
        return absl::UnavailableError("the server closed the connection");
    }
    parser.put_eof(ec);
    return ec ? absl::UnavailableError(ec.message()) : absl::OkStatus();
}

// Reads until the answer is whole.
Status read_answer(ClientConnection& connection, beast::flat_buffer& buffer, Parser& parser) {
    beast::error_code ec = http::error::need_more;
    while (true) {
        if (buffer.size() > 0) {
            buffer.consume(parser.put(buffer.data(), ec));
        }
        if (ec && ec != http::error::need_more) {
            return absl::UnavailableError(ec.message());
        }
        if (parser.is_done()) {
            return absl::OkStatus();
        }
        if (ec == http::error::need_more || buffer.size() == 0) {
            const auto space = buffer.prepare(kReadBytes);
            LOGI_ASSIGN_OR_RETURN(
                const std::size_t bytes,
                connection.read_some({static_cast<char*>(space.data()), space.size()}));
            buffer.commit(bytes);
            if (bytes == 0) {
                return end_of_answer(parser);
            }
        }
    }
}

HttpResponse response_of(Parser& parser) {
    HttpResponse response;
    response.status = static_cast<int>(parser.get().result_int());
    for (const auto& field : parser.get()) {
        response.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
    }
    response.body = std::move(parser.get().body());
    return response;
}

}  // namespace

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
    beast::flat_buffer buffer;
    while (true) {
        Parser parser;
        parser.skip(is_head);
        parser.eager(true);
        parser.body_limit(options_.body_bytes_max);
        LOGI_RETURN_IF_ERROR(read_answer(*connection_, buffer, parser));
        if (http::to_status_class(parser.get().result()) == http::status_class::informational) {
            continue;
        }
        if (!parser.keep_alive() || buffer.size() > 0) {
            connection_.reset();
        }
        return response_of(parser);
    }
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
                          head_of(method, url_, target, headers, body.size()));
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
