// What a user asks an expression parser for.
#pragma once

#include <string>

namespace logi::fields {

// label="expression", as in `| json label="a.b"`; in `| json a` both are "a".
struct Extraction {
    std::string label;
    std::string expression;
};

}  // namespace logi::fields
