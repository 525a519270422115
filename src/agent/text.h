// Texts that labels may hold.
#pragma once

#include "base/utf8.h"

#include <string_view>

namespace logi::agent {

[[nodiscard]] inline bool is_utf8(std::string_view s) {
    if (base::is_ascii(s)) {
        return true;
    }
    while (!s.empty()) {
        const std::size_t length = base::utf8_length(s);
        if (length == 0) {
            return false;
        }
        s.remove_prefix(length);
    }
    return true;
}

}  // namespace logi::agent
