#include "model/metadata_name.h"

#include "absl/strings/str_cat.h"
#include "base/ascii.h"
#include "model/labels.h"

namespace logi {
bool is_normal_metadata_name(std::string_view name) {
    bool any = false;
    char before = '\0';
    for (const char c : name) {
        if (!base::is_letter_or_digit(c) && (c != '_' || before == '_')) {
            return false;
        }
        any = any || c != '_';
        before = c;
    }
    return any && (name[0] < '0' || name[0] > '9');
}

StatusOr<std::string> normalise_metadata_name(std::string_view name) {
    if (name.empty()) {
        return absl::InvalidArgumentError("label name is empty");
    }
    const bool dunder = name.size() >= 4 && name.starts_with("__") && name.ends_with("__");
    const std::string_view middle = dunder ? name.substr(2, name.size() - 4) : name;
    std::string out;
    bool any = false;
    for (const char c : middle) {
        if (base::is_letter_or_digit(c)) {
            any = true;
            out.push_back(c);
        } else if (out.empty() || out.back() != '_') {
            out.push_back('_');
        }
    }
    if (!any) {
        return absl::InvalidArgumentError(absl::StrCat("normalization for label name ",
                                                       go_quote(name),
                                                       " resulted in invalid name ",
                                                       go_quote(out)));
    }
    if (dunder) {
        return "__" + out + "__";
    }
    return out[0] >= '0' && out[0] <= '9' ? "key_" + out : out;
}

}  // namespace logi
