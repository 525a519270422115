// Messages about queries in Loki's form.
#pragma once

#include "base/status.h"
#include "logql/ast.h"

#include <string_view>

namespace logi::logql {

// kInvalidArgument "parse error : …"
[[nodiscard]] Status parse_failure(std::string_view problem);

// kInvalidArgument "parse error : stage '| json x="a["' : …"
[[nodiscard]] Status stage_failure(const Stage& stage, std::string_view problem);
[[nodiscard]] Status stage_failure(const LabelFilter& filter, std::string_view problem);

}  // namespace logi::logql
