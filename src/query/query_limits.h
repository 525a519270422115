// Limits on what a query asks for, checked before it runs.
#pragma once

#include "exec/scan.h"
#include "logql/ast.h"
#include "model/limits.h"
#include "query/query.h"

namespace logi::query {

// What every selector of a query must have, and how many matchers it may have. kInvalidArgument
// with Loki's texts.
Status check_selectors(const logql::Expr& expr, const Limits& limits);

// Whether what the streams of the query's selectors hold in its time, lines and metadata, is not
// more than max_query_bytes_read. The directories tell; of an extent that the time cuts a share
// counts. kInvalidArgument with Loki's text.
Status check_bytes_read(const exec::Sources& sources, const Prepared& query, const Limits& limits);

// Parsed, and within the limits. kInvalidArgument with Loki's texts.
StatusOr<Prepared> prepare_within(Request request, const Limits& limits, Timestamp now);

}  // namespace logi::query
