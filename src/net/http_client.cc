#include "net/http_client.h"

#include "absl/strings/str_cat.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

namespace logi::net {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

StatusOr<HttpResponse> http_send(const std::string& base_url,
                                 const std::string& method,
                                 const std::string& target,
                                 const std::vector<Header>& headers,
                                 const std::string& body) {
    constexpr std::string_view kScheme = "http://";
    if (!base_url.starts_with(kScheme)) {
        return absl::InvalidArgumentError(absl::StrCat(base_url, " is not an http:// address"));
    }
    const std::string rest = base_url.substr(kScheme.size());
    const std::string authority = rest.substr(0, rest.find('/'));
    std::string prefix = rest.substr(authority.size());
    while (!prefix.empty() && prefix.back() == '/') {
        prefix.pop_back();
    }
    // An IPv6 address stands in brackets: [::1]:3100.
    const std::size_t bracket = authority.find(']');
    const std::size_t colon = authority.find(':', bracket == std::string::npos ? 0 : bracket);
    const std::string host = bracket == std::string::npos ? authority.substr(0, colon)
                                                          : authority.substr(1, bracket - 1);
    const std::string port = colon == std::string::npos ? "80" : authority.substr(colon + 1);
    try {
        asio::io_context context;
        asio::ip::tcp::resolver resolver(context);
        beast::tcp_stream stream(context);
        stream.connect(resolver.resolve(host, port));
        http::request<http::string_body> request;
        request.method_string(method);
        request.target(prefix + target);
        request.set(http::field::host, authority);
        for (const auto& [name, value] : headers) {
            request.set(name, value);
        }
        request.body() = body;
        request.prepare_payload();
        http::write(stream, request);
        beast::flat_buffer buffer;
        http::response_parser<http::string_body> parser;
        parser.body_limit(std::uint64_t{1} << 32U);
        http::read(stream, buffer, parser);
        HttpResponse response;
        response.status = static_cast<int>(parser.get().result_int());
        for (const auto& field : parser.get()) {
            response.headers.emplace_back(std::string(field.name_string()),
                                          std::string(field.value()));
        }
        response.body = std::move(parser.get().body());
        return response;
    } catch (const std::exception& e) {
        return absl::UnavailableError(absl::StrCat(base_url, ": ", e.what()));
    }
}

}  // namespace logi::net
