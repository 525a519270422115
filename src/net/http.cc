#include "net/http.h"

#include "absl/strings/match.h"
#include "base/hex.h"

namespace logi::net {
namespace {

std::string_view find_header(const std::vector<Header>& headers, std::string_view name) {
    for (const auto& [key, value] : headers) {
        if (absl::EqualsIgnoreCase(absl::string_view(key),
                                   absl::string_view(name.data(), name.size()))) {
            return value;
        }
    }
    return {};
}

}  // namespace

std::string_view HttpRequest::header(std::string_view name) const {
    return find_header(headers, name);
}
std::string_view HttpResponse::header(std::string_view name) const {
    return find_header(headers, name);
}

std::string url_encode(std::string_view text) {
    constexpr std::string_view kHex = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
            c == '-' || c == '_' || c == '.' || c == '~') {
            out.push_back(c);
        } else {
            out.push_back('%');
            out.push_back(kHex[byte >> 4U]);
            out.push_back(kHex[byte & 0xFU]);
        }
    }
    return out;
}

std::string url_decode(std::string_view text, bool form) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const int high = text[i] == '%' && i + 2 < text.size() ? base::hex_digit(text[i + 1]) : -1;
        const int low = high >= 0 ? base::hex_digit(text[i + 2]) : -1;
        if (low >= 0) {
            out.push_back(static_cast<char>(high * 16 + low));
            i += 2;
        } else {
            out.push_back(form && text[i] == '+' ? ' ' : text[i]);
        }
    }
    return out;
}

std::vector<std::pair<std::string, std::string>> parse_form(std::string_view text) {
    std::vector<std::pair<std::string, std::string>> out;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('&'), text.size());
        const std::string_view item = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (item.empty()) {
            continue;
        }
        const std::size_t equals = std::min(item.find('='), item.size());
        out.emplace_back(url_decode(item.substr(0, equals), true),
                         equals < item.size() ? url_decode(item.substr(equals + 1), true) : "");
    }
    return out;
}

}  // namespace logi::net
