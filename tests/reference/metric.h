// Metric queries.
#pragma once

#include "reference.h"

namespace logi::reference {

// The moments at which a request is evaluated.
std::vector<Timestamp> steps_of(const Request& request);

StatusOr<Answer> evaluate_metric(const std::vector<Entry>& entries,
                                 const logql::Expr& expr,
                                 const Request& request);

}  // namespace logi::reference
