// Tree to LogQL text. Both forms read back as the same tree.
#pragma once

#include "logql/ast.h"

#include <string>

namespace logi::logql {

// One line, as Loki prints it where that is LogQL and loses nothing. Of numbers that no literal can
// say, NaN is printed as (0 / 0).
[[nodiscard]] std::string to_string(const Expr& expr);
[[nodiscard]] std::string to_string(const LogExpr& log);
// With its operator or bar in front: |= "a" or "b", | json.
[[nodiscard]] std::string to_string(const Stage& stage);
[[nodiscard]] std::string to_string(const LabelFilter& filter);

// Over several lines, indented by two spaces, where a part is longer than 100 bytes.
[[nodiscard]] std::string pretty(const Expr& expr);

}  // namespace logi::logql
