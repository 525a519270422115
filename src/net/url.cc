#include "net/url.h"

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

#include <array>
#include <utility>

namespace logi::net {
namespace {

constexpr std::array<std::pair<const char*, bool>, 2> kSchemes = {
    {{"http://", false}, {"https://", true}}};

bool is_port(const std::string& port) {
    std::uint32_t number = 0;
    return absl::SimpleAtoi(port, &number) && number > 0 && number <= UINT16_MAX;
}

}  // namespace

StatusOr<ServerUrl> parse_server_url(const std::string& url) {
    ServerUrl out;
    std::string rest;
    for (const auto& [scheme, tls] : kSchemes) {
        if (absl::StartsWithIgnoreCase(url, scheme)) {
            out.tls = tls;
            rest = url.substr(std::string_view(scheme).size());
        }
    }
    out.authority = rest.substr(0, rest.find_first_of("/?#"));
    out.prefix = rest.substr(out.authority.size());
    while (!out.prefix.empty() && out.prefix.back() == '/') {
        out.prefix.pop_back();
    }
    if (out.authority.find('@') != std::string::npos) {
        // The address would be shown in errors and logs.
        return absl::InvalidArgumentError("an address may not have a user and a password in it");
    }
    // An IPv6 address stands in brackets: [::1]:3100.
    const std::size_t bracket = out.authority.find(']');
    const std::size_t colon = out.authority.find(':', bracket == std::string::npos ? 0 : bracket);
    out.host = bracket == std::string::npos ? out.authority.substr(0, colon)
                                            : out.authority.substr(1, bracket - 1);
    const char* default_port = out.tls ? "443" : "80";
    out.port = colon == std::string::npos ? default_port : out.authority.substr(colon + 1);
    if (out.host.empty() || !is_port(out.port) ||
        out.prefix.find_first_of("?#") != std::string::npos) {
        return absl::InvalidArgumentError(
            absl::StrCat(url, " is not an address such as http://HOST:PORT or https://HOST:PORT"));
    }
    return out;
}

StatusOr<ListenAddress> parse_listen_address(const std::string& text) {
    const std::size_t colon = text.rfind(':');
    ListenAddress out;
    std::uint32_t port = 0;
    if (colon != std::string::npos) {
        out.host = text.substr(0, colon);
        if (out.host.size() > 1 && out.host.front() == '[' && out.host.back() == ']') {
            out.host = out.host.substr(1, out.host.size() - 2);
        } else if (out.host.find(':') != std::string::npos) {
            return absl::InvalidArgumentError(
                absl::StrCat("'", text, "': an IPv6 address stands in brackets: [::1]:1514"));
        }
    }
    if (colon == std::string::npos || !absl::SimpleAtoi(text.substr(colon + 1), &port) ||
        port > UINT16_MAX) {
        return absl::InvalidArgumentError(
            absl::StrCat("'", text, "' is not an address such as 0.0.0.0:1514 or :1514"));
    }
    out.port = static_cast<std::uint16_t>(port);
    return out;
}

}  // namespace logi::net
