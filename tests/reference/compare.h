// What differs between the answers of the engine and the reference.
#pragma once

#include "query/query.h"
#include "reference.h"

#include <optional>
#include <string>

namespace logi::reference {

// The first difference in words; nothing if there is none. Labels must be the same, values up to
// 1e-9 of themselves; an error must be met by an error, of a pipeline by one of the same kind.
std::optional<std::string> difference(const StatusOr<Answer>& expected,
                                      const StatusOr<query::Result>& actual,
                                      const logql::Expr& expr);

// The engine's answer as the reference would give it, to be compared with another of the engine.
StatusOr<Answer> answer_of(const StatusOr<query::Result>& result);

}  // namespace logi::reference
