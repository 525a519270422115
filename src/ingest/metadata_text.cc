#include "ingest/metadata_text.h"

#include "base/utf8.h"

namespace logi::ingest {

bool has_rune_errors(std::string_view value) {
    if (base::is_ascii(value)) {
        return false;
    }
    while (!value.empty()) {
        const base::Rune rune = base::decode_rune(value);
        if (rune.value == base::kRuneError) {
            return true;
        }
        value.remove_prefix(rune.length);
    }
    return false;
}

std::string without_rune_errors(std::string_view value) {
    std::string out;
    out.reserve(value.size());
    while (!value.empty()) {
        const base::Rune rune = base::decode_rune(value);
        out.append(rune.value == base::kRuneError ? std::string_view(" ")
                                                  : value.substr(0, rune.length));
        value.remove_prefix(rune.length);
    }
    return out;
}

}  // namespace logi::ingest
