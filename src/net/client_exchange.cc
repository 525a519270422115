#include "net/client_exchange.h"

#include "absl/strings/str_cat.h"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

namespace logi::net {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;

constexpr std::size_t kAnswerReadBytes = 64U << 10U;
// What is between chunks and behind the last one has an end.
constexpr std::size_t kBufferBytesMax = 256U << 10U;
using Parser = http::response_parser<http::string_body>;

// Else one could end the header, or begin another.
bool is_line(std::string_view text) {
    return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
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

// An answer may end with its connection.
Status end_of_answer(Parser& parser) {
    beast::error_code ec;
    if (!parser.got_some()) {
        return absl::UnavailableError("the server closed the connection");
    }
    parser.put_eof(ec);
    return ec ? absl::UnavailableError(ec.message()) : absl::OkStatus();
}

}  // namespace

StatusOr<std::string> request_head(const std::string& method,
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

struct AnswerReader::Impl {
    // Beast throws at what is longer than it can store.
    Status read(Parser& parser) {
        try {
            return read_answer(parser);
        } catch (const std::length_error& e) {
            return absl::UnavailableError(e.what());
        }
    }

    // Reads until an answer is whole.
    Status read_answer(Parser& parser) {
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
                const auto space = buffer.prepare(kAnswerReadBytes);
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

    ClientConnection& connection;
    const std::uint64_t body_bytes_max;
    beast::flat_buffer buffer{kBufferBytesMax};
    bool keep_alive = false;
};

AnswerReader::AnswerReader(ClientConnection& connection, std::uint64_t body_bytes_max)
    : impl_(new Impl{connection, body_bytes_max}) {}
AnswerReader::~AnswerReader() = default;

StatusOr<HttpResponse> AnswerReader::read(bool is_head) {
    while (true) {
        Parser parser;
        parser.skip(is_head);
        parser.eager(true);
        parser.body_limit(impl_->body_bytes_max);
        LOGI_RETURN_IF_ERROR(impl_->read(parser));
        const http::status status = parser.get().result();
        if (http::to_status_class(status) != http::status_class::informational ||
            status == http::status::switching_protocols) {
            impl_->keep_alive = parser.keep_alive();
            return response_of(parser);
        }
    }
}

bool AnswerReader::keep_alive() const {
    return impl_->keep_alive;
}

std::string_view AnswerReader::rest() const {
    const auto data = impl_->buffer.cdata();
    return {static_cast<const char*>(data.data()), data.size()};
}

}  // namespace logi::net
