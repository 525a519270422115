#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/ascii.h"
#include "fields/conversions.h"
#include "fields/names.h"

#include <array>
#include <cmath>

namespace logi::fields {
namespace {

struct Size {
    std::string_view name;  // lower case
    double bytes;
};
constexpr double kKibi = 1024;
constexpr std::array<Size, 26> kSizes = {{{"", 1},
                                          {"b", 1},
                                          {"k", 1e3},
                                          {"kb", 1e3},
                                          {"ki", kKibi},
                                          {"kib", kKibi},
                                          {"m", 1e6},
                                          {"mb", 1e6},
                                          {"mi", kKibi* kKibi},
                                          {"mib", kKibi* kKibi},
                                          {"g", 1e9},
                                          {"gb", 1e9},
                                          {"gi", kKibi* kKibi* kKibi},
                                          {"gib", kKibi* kKibi* kKibi},
                                          {"t", 1e12},
                                          {"tb", 1e12},
                                          {"ti", kKibi* kKibi* kKibi* kKibi},
                                          {"tib", kKibi* kKibi* kKibi* kKibi},
                                          {"p", 1e15},
                                          {"pb", 1e15},
                                          {"pi", kKibi* kKibi* kKibi* kKibi* kKibi},
                                          {"pib", kKibi* kKibi* kKibi* kKibi* kKibi},
                                          {"e", 1e18},
                                          {"eb", 1e18},
                                          {"ei", kKibi* kKibi* kKibi* kKibi* kKibi* kKibi},
                                          {"eib", kKibi* kKibi* kKibi* kKibi* kKibi* kKibi}}};

const Size* find_size(std::string_view name) {
    if (name.size() > 3) {
        return nullptr;
    }
    std::array<char, 3> text{};
    for (std::size_t i = 0; i < name.size(); ++i) {
        text[i] = base::to_lower_ascii(name[i]);
    }
    const std::string_view wanted(text.data(), name.size());
    for (const auto& size : kSizes) {
        if (size.name == wanted) {
            return &size;
        }
    }
    return nullptr;
}

bool parse_with_commas(std::string_view number, double& value, std::string* error) {
    if (number.find(',') == std::string_view::npos) {
        return parse_go_float(number, value, error);
    }
    std::string plain;
    for (const char c : number) {
        if (c != ',') {
            plain.push_back(c);
        }
    }
    return parse_go_float(plain, value, error);
}

}  // namespace

bool parse_humanize_bytes(std::string_view text, std::uint64_t& bytes, std::string* error) {
    const std::size_t end = std::min(text.find_first_not_of("0123456789.,"), text.size());
    double value = 0;
    if (!parse_with_commas(text.substr(0, end), value, error)) {
        return false;
    }
    const std::string_view name = trim_space(text.substr(end));
    const Size* const size = find_size(name);
    if (size == nullptr) {
        if (error != nullptr) {
            error->assign("unhandled size name: ");
            for (const char c : name) {
                error->push_back(base::to_lower_ascii(c));
            }
        }
        return false;
    }
    value *= size->bytes;
    constexpr double kBeyond = 18446744073709551616.0;  // 2^64
    if (value >= kBeyond) {
        if (error != nullptr) {
            error->assign("too large: ");
            error->append(text);
        }
        return false;
    }
    bytes = static_cast<std::uint64_t>(value);
    return true;
}

std::string format_humanize_bytes(std::uint64_t bytes) {
    if (bytes < 10) {
        return absl::StrCat(bytes, " B");
    }
    constexpr std::array<const char*, 7> kUnits = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
    const auto exponent =
        static_cast<std::size_t>(std::log(static_cast<double>(bytes)) / std::log(1000.0));
    const double scaled =
        static_cast<double>(bytes) / std::pow(1000.0, static_cast<double>(exponent));
    const double rounded = std::floor(scaled * 10 + 0.5) / 10;
    return rounded < 10 ? absl::StrFormat("%.1f %s", rounded, kUnits[exponent])
                        : absl::StrFormat("%.0f %s", rounded, kUnits[exponent]);
}

}  // namespace logi::fields
