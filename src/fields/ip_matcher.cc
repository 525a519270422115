#include "fields/ip_matcher.h"

#include "absl/strings/str_cat.h"
#include "base/ascii.h"
#include "model/labels.h"

#include <arpa/inet.h>

namespace logi::fields {
namespace {

bool is_hex(char c) {
    const char lower = static_cast<char>(c | 0x20);
    return base::is_digit(c) || (lower >= 'a' && lower <= 'f');
}
bool in_v4(char c) {
    return base::is_digit(c) || c == '.';
}
bool in_v6(char c) {
    return is_hex(c) || c == ':' || c == '.';
}

// A digit, and a dot within the next three characters.
bool hints_v4(std::string_view s) {
    return s.size() >= 4 && base::is_digit(s[0]) && (s[1] == '.' || s[2] == '.' || s[3] == '.');
}

// "::" and a hex digit, or up to four hex digits and a colon.
bool hints_v6(std::string_view s) {
    if (s.size() < 5) {
        return false;
    }
    if (s[0] == ':') {
        return s[1] == ':' && is_hex(s[2]);
    }
    std::size_t digits = 0;
    while (digits < 4 && is_hex(s[digits])) {
        ++digits;
    }
    return digits > 0 && s[digits] == ':';
}

std::size_t run_length(std::string_view s, bool (*belongs)(char)) {
    std::size_t i = 0;
    while (i < s.size() && belongs(s[i])) {
        ++i;
    }
    return i;
}

struct Range {
    IpAddress first;
    IpAddress last;
};

// Sets the bits of `address` behind the first `bits` of its family to ones or zeros.
IpAddress with_host_bits(IpAddress address, std::size_t bits, bool ones) {
    for (std::size_t bit = (address.v6 ? 0U : 96U) + bits; bit < 128; ++bit) {
        const auto mask = static_cast<unsigned char>(0x80U >> (bit % 8));
        auto& byte = address.bytes[bit / 8];
        byte = static_cast<unsigned char>(ones ? byte | mask : byte & ~mask);
    }
    return address;
}

std::optional<Range> parse_prefix(std::string_view text) {
    const std::size_t slash = text.rfind('/');
    if (slash == std::string_view::npos) {
        return std::nullopt;
    }
    const auto address = parse_ip(text.substr(0, slash));
    const std::string_view digits = text.substr(slash + 1);
    if (!address || digits.empty() || digits.size() > 3 ||
        (digits.size() > 1 && digits[0] == '0') ||
        digits.find_first_not_of("0123456789") != std::string_view::npos) {
        return std::nullopt;
    }
    std::size_t bits = 0;
    for (const char c : digits) {
        bits = bits * 10 + static_cast<std::size_t>(c - '0');
    }
    if (bits > (address->v6 ? 128U : 32U)) {
        return std::nullopt;
    }
    return Range{with_host_bits(*address, bits, false), with_host_bits(*address, bits, true)};
}

std::optional<Range> parse_range(std::string_view text) {
    const std::size_t hyphen = text.find('-');
    if (hyphen == std::string_view::npos) {
        return std::nullopt;
    }
    const auto first = parse_ip(text.substr(0, hyphen));
    const auto last = parse_ip(text.substr(hyphen + 1));
    if (!first || !last || first->v6 != last->v6 || *last < *first) {
        return std::nullopt;
    }
    return Range{*first, *last};
}

// An address with a zone, fe80::1%eth0. Addresses in lines have none, so it matches nothing.
bool is_zoned(std::string_view text) {
    const std::size_t percent = text.find('%');
    if (percent == std::string_view::npos || percent + 1 == text.size()) {
        return false;
    }
    const auto address = parse_ip(text.substr(0, percent));
    return address && address->v6;
}

std::optional<Range> parse_pattern(std::string_view text) {
    if (is_zoned(text)) {
        return Range{{true, {1}}, {true, {}}};
    }
    if (const auto address = parse_ip(text)) {
        return Range{*address, *address};
    }
    if (const auto prefix = parse_prefix(text)) {
        return prefix;
    }
    return parse_range(text);
}

}  // namespace

std::optional<IpAddress> parse_ip(std::string_view text) {
    std::array<char, INET6_ADDRSTRLEN> zero_ended{};
    if (text.size() >= zero_ended.size() || text.find('\0') != std::string_view::npos) {
        return std::nullopt;
    }
    text.copy(zero_ended.data(), text.size());
    IpAddress address;
    // The first separator tells the family: ::ffff:1.2.3.4 is IPv6.
    const std::size_t separator = text.find_first_of(".:");
    address.v6 = separator != std::string_view::npos && text[separator] == ':';
    unsigned char* const to = address.bytes.data() + (address.v6 ? 0 : 12);
    if (::inet_pton(address.v6 ? AF_INET6 : AF_INET, zero_ended.data(), to) != 1) {
        return std::nullopt;
    }
    return address;
}

StatusOr<IpMatcher> IpMatcher::compile(std::string_view pattern) {
    const auto range = parse_pattern(pattern);
    if (!range) {
        return absl::InvalidArgumentError(absl::StrCat("ip: invalid pattern: ", go_quote(pattern)));
    }
    return IpMatcher(range->first, range->last);
}

bool IpMatcher::contains(std::string_view candidate) const {
    const auto address = parse_ip(candidate);
    return address && first_ <= *address && *address <= last_;
}

bool IpMatcher::matches(std::string_view text) const {
    for (std::size_t i = 0; i < text.size(); ++i) {
        const std::string_view rest = text.substr(i);
        const bool v4 = hints_v4(rest);
        if (!v4 && !hints_v6(rest)) {
            continue;
        }
        const std::size_t length = run_length(rest, v4 ? in_v4 : in_v6);
        if (contains(rest.substr(0, length))) {
            return true;
        }
        i += length;
    }
    return false;
}

}  // namespace logi::fields
