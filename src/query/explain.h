// What a query would read, told without reading a line.
#pragma once

#include "exec/pipeline.h"
#include "query/query.h"

#include <optional>
#include <string>
#include <vector>

namespace logi::query {

// One pass over stored entries: that of a log query, or of one range aggregation.
struct ReadPlan {
    std::string expression;
    Timestamp first;  // both included
    Timestamp last;
    std::vector<std::string> pushed;      // line filters that blocks answer themselves
    std::vector<std::string> row_by_row;  // stages that run entry by entry
    // Those of them that columns answer where a block's lines allow it.
    std::vector<std::string> by_columns;
    // Labels that parsers extract; nothing: all.
    std::optional<std::vector<std::string>> labels;
    std::uint64_t blocks = 0;        // that hold wanted streams in the time range
    std::uint64_t blocks_read = 0;   // those of which statistics do not tell enough
    std::uint64_t counted_rows = 0;  // entries that are counted from statistics
    std::uint64_t rows = 0;          // entries that are read at most: a limit may stop earlier
    std::uint64_t bytes = 0;         // of lines, in the blocks that are read
};

// The part that the pipeline knows.
[[nodiscard]] ReadPlan plan_of(const logql::LogExpr& log, const exec::Pipeline& pipeline);

// The passes in the order in which they would run. kInvalidArgument as run() gives it.
StatusOr<std::vector<ReadPlan>> explain(const exec::Sources& sources, const Prepared& query);

}  // namespace logi::query
