// LogQL text to tree.
#pragma once

#include "base/status.h"
#include "logql/ast.h"

#include <string_view>

namespace logi::logql {

// kInvalidArgument with Loki's wording for what is wrong; a construct of LogQL that is not built is
// named.
StatusOr<ExprPtr> parse(std::string_view query);

// Only a stream selector, {…}, as the label and series endpoints take it.
StatusOr<std::vector<Matcher>> parse_selector(std::string_view text);

// ms s m h d w y, each at most once, in descending order, as in [1h30m].
StatusOr<Duration> parse_prometheus_duration(std::string_view text);

}  // namespace logi::logql
