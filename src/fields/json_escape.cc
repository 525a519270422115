#include "base/hex.h"
#include "base/utf8.h"
#include "fields/json_reader.h"

#include <optional>

namespace logi::fields {
namespace {

// Reads the escape \u and four digits at the start of `s`, two of them where the first is half of a
// surrogate pair. Of the second only its digits and their range are checked, as Loki does. Returns
// bytes used, 0: bad.
std::size_t unescape_rune(std::string_view s, std::string& out) {
    const auto first = base::hex_number(s.substr(2), 4);
    if (!first) {
        return 0;
    }
    if (*first < 0xD800 || *first > 0xDFFF) {
        base::append_utf8(out, *first);
        return 6;
    }
    const auto second = s.size() >= 12 ? base::hex_number(s.substr(8), 4) : std::nullopt;
    if (!second || *second < 0xDC00) {
        return 0;
    }
    base::append_utf8(out, 0x10000 + ((*first - 0xD800) << 10U) + (*second - 0xDC00));
    return 12;
}

}  // namespace

bool json_unescape(std::string_view text, std::string& out) {
    out.clear();
    while (true) {
        const std::size_t plain = std::min(text.find('\\'), text.size());
        out.append(text.substr(0, plain));
        text.remove_prefix(plain);
        if (text.empty()) {
            return true;
        }
        if (text.size() < 2) {
            return false;
        }
        constexpr std::string_view kFrom = "\"\\/bfnrt";
        constexpr std::string_view kTo = "\"\\/\b\f\n\r\t";
        if (const std::size_t at = kFrom.find(text[1]); at != std::string_view::npos) {
            out.push_back(kTo[at]);
            text.remove_prefix(2);
            continue;
        }
        const std::size_t used = text[1] == 'u' ? unescape_rune(text, out) : 0;
        if (used == 0) {
            return false;
        }
        text.remove_prefix(used);
    }
}

}  // namespace logi::fields
