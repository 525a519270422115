// ip("…") in line filters and label filters.
#pragma once

#include "base/status.h"

#include <array>
#include <optional>
#include <string_view>

namespace logi::fields {

// An IPv4 or IPv6 address; ordered by family, then by value.
struct IpAddress {
    bool v6 = false;
    std::array<unsigned char, 16> bytes{};  // IPv4 in the last four
    friend auto operator<=>(const IpAddress&, const IpAddress&) = default;
};

// Strict: no leading zeros, no zone.
[[nodiscard]] std::optional<IpAddress> parse_ip(std::string_view text);

class IpMatcher {
  public:
    // One address, a prefix 10.0.0.0/8, or a range 10.0.0.1-10.0.0.9. kInvalidArgument
    // `ip: invalid pattern: "x"`.
    static StatusOr<IpMatcher> compile(std::string_view pattern);

    // Whether an address in `text` matches. Addresses are looked for where Loki sees a hint of one;
    // so an IPv6 address at the end needs five characters, and IPv4 four.
    [[nodiscard]] bool matches(std::string_view text) const;

  private:
    IpMatcher(IpAddress first, IpAddress last) : first_(first), last_(last) {}
    [[nodiscard]] bool contains(std::string_view candidate) const;
    IpAddress first_;
    IpAddress last_;
};

}  // namespace logi::fields
