#include "fields/line_kind.h"

#include "base/ascii.h"
#include "fields/names.h"

namespace logi::fields {
bool looks_like_json(std::string_view line) {
    if (line.size() < 2 || (line.back() != '}' && line.back() > ' ')) {
        return false;
    }
    const std::string_view inner = trim_space(line);
    return inner.size() >= 2 && inner.front() == '{' && inner.back() == '}';
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) {
        return false;
    }
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (base::to_lower_ascii(a[i]) != base::to_lower_ascii(b[i])) {
            return false;
        }
    }
    return true;
}

}  // namespace logi::fields
