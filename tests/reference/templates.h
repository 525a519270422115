// Templates of line_format and label_format.
#pragma once

#include "stages.h"

namespace logi::reference {

// The labels that a template names: {{.name}}.
StatusOr<std::set<std::string>> labels_of_template(const std::string& text);

}  // namespace logi::reference
