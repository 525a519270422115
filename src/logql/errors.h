// Messages about queries in Loki's form.
#pragma once

#include "base/status.h"
#include "logql/ast.h"

#include <string_view>

namespace logi::logql {

// kInvalidArgument "parse error : …"
[[nodiscard]] Status parse_failure(std::string_view problem);

// kInvalidArgument "parse error : stage '| json x="a["' : …" for a stage of the pipeline. A line
// filter is named together with those beside it.
[[nodiscard]] Status stage_failure(const LogExpr& log, std::size_t stage, std::string_view problem);
// The same for a label filter behind unwrap.
[[nodiscard]] Status stage_failure(const LabelFilter& filter, std::string_view problem);

}  // namespace logi::logql
