// Labels under by(…) and without(…).
#pragma once

#include "logql/ast.h"
#include "model/labels.h"

namespace logi::exec {

// The labels that stay: with `by` those named, as far as they are there; with `without` the others.
[[nodiscard]] Labels grouped(const Labels& labels, const logql::Grouping& grouping);

// The labels that vector matching compares.
[[nodiscard]] Labels matched(const Labels& labels, const logql::VectorMatching& matching);

}  // namespace logi::exec
