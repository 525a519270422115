// Random queries as trees, for tests.
#pragma once

#include "logql/ast.h"

#include <cstdint>

namespace logi::logql {

// A tree that parse() could have made: every check holds, and nothing is written in two ways. The
// same seed gives the same tree.
[[nodiscard]] ExprPtr random_tree(std::uint64_t seed);

}  // namespace logi::logql
