#include "logql/errors.h"

#include "absl/strings/str_cat.h"
#include "logql/printer.h"

namespace logi::logql {

Status parse_failure(std::string_view problem) {
    return absl::InvalidArgumentError(absl::StrCat("parse error : ", std::string(problem)));
}

Status stage_failure(const LogExpr& log, std::size_t stage, std::string_view problem) {
    const auto is_line_filter = [&](std::size_t i) {
        return std::holds_alternative<LineFilterStage>(log.stages[i]);
    };
    std::size_t begin = stage;
    std::size_t end = stage + 1;
    if (is_line_filter(stage)) {
        while (begin > 0 && is_line_filter(begin - 1)) {
            --begin;
        }
        while (end < log.stages.size() && is_line_filter(end)) {
            ++end;
        }
    }
    std::string text;
    for (std::size_t i = begin; i < end; ++i) {
        absl::StrAppend(&text, i == begin ? "" : " ", to_string(log.stages[i]));
    }
    return parse_failure(absl::StrCat("stage '", text, "' : ", std::string(problem)));
}

Status stage_failure(const LabelFilter& filter, std::string_view problem) {
    return parse_failure(
        absl::StrCat("stage '| ", to_string(filter), "' : ", std::string(problem)));
}

}  // namespace logi::logql
