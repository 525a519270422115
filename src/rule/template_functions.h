// Functions that the templates of rules can call.
#pragma once

#include "template/function.h"

namespace logi::rule {

// Prometheus' own, without those that ask queries, beside Go's.
const tmpl::FunctionTable& rule_functions();

}  // namespace logi::rule
