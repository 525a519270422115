#include "logql/errors.h"

#include "absl/strings/str_cat.h"
#include "logql/printer.h"

namespace logi::logql {

Status parse_failure(std::string_view problem) {
    return absl::InvalidArgumentError(absl::StrCat("parse error : ", std::string(problem)));
}

Status stage_failure(const Stage& stage, std::string_view problem) {
    return parse_failure(absl::StrCat("stage '", to_string(stage), "' : ", std::string(problem)));
}

Status stage_failure(const LabelFilter& filter, std::string_view problem) {
    return parse_failure(
        absl::StrCat("stage '| ", to_string(filter), "' : ", std::string(problem)));
}

}  // namespace logi::logql
