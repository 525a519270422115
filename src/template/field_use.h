// Which labels a template can read, found out from its tree.
#pragma once

#include "template/parser.h"

#include <set>
#include <string>
#include <vector>

namespace logi::tmpl {

struct FieldUse {
    std::set<std::string> names;
    bool all = false;  // dot as a whole, or a computed name
    bool line = false;
    bool time = false;
    // Literal regular expressions, in the order of the text.
    std::vector<std::string> patterns;
};

// May name more than is read, never less.
[[nodiscard]] FieldUse field_use(const Definitions& definitions, const std::string& main);

}  // namespace logi::tmpl
