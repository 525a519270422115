// One read request from text to answer.
#pragma once

#include "exec/scan.h"
#include "io/cancel.h"
#include "io/executor.h"
#include "logql/ast.h"
#include "model/entry.h"
#include "model/labels.h"
#include "model/limits.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace logi::query {

struct Request {
    std::string query;
    Timestamp start;  // logs: [start, end); metrics: both ends included
    Timestamp end;
    Duration step = Duration::seconds(1);
    bool align_to_step = true;  // evaluate at multiples of the step, from at or before the start
    bool instant = false;       // metrics only, at `end`
    bool logs_only = false;     // metrics are refused
    // With more series than max_query_series the first ones are the answer, instead of an error.
    bool partial_series = false;
    std::uint32_t limit = 100;
    bool forward = false;
    Duration interval;           // logs: least distance between entries, 0 for all
    bool equal_entries = false;  // they are several: as many as there are, not one
    bool columns = true;  // false: parsers read lines, also where columns would tell the same
    Timestamp now;
};

// A request whose query has been parsed.
struct Prepared {
    Request request;
    std::shared_ptr<const logql::Expr> expr;
    // What its sources have to cover; empty if it reads nothing.
    TimeRange range;
    // What limits on the length of queries count: without alignment of a range query to its steps.
    Duration length;
};

// An entry after its pipeline. No name is in more than one of the three.
struct LogRow {
    Timestamp time;
    std::shared_ptr<const Labels> stream;
    std::string line;
    std::vector<LabelPair> metadata;  // sorted by name
    std::vector<LabelPair> parsed;    // sorted by name, may have empty values
    StreamId id;  // of its stream as it is stored: by these entries of one time are in order
};

struct Point {
    Timestamp time;
    double value = 0;
};

struct Series {
    Labels labels;
    std::vector<Point> points;
};

struct Result {
    enum class Type { kStreams, kVector, kMatrix, kScalar };
    Type type = Type::kStreams;
    std::vector<LogRow> rows;    // in the order of the request's direction
    std::vector<Series> series;  // sorted by labels; one point each for kVector and kScalar
    exec::ScanStats stats;
    // What the answer lacks, one sentence each: rows of damaged blocks, series beyond the limit.
    std::vector<std::string> missing;
    // What the query may still use of its memory, for the text of its answer.
    std::int64_t memory_left_bytes = 0;
};

// kInvalidArgument with Loki's text if the query does not parse, or is a log query where only a
// metric is possible, or the other way round.
StatusOr<Prepared> prepare(Request request);

// Runs as tasks on the executor, which must outlive it; `done` is called once. kInvalidArgument:
// the query or a limit; kResourceExhausted: too much memory; kCancelled.
void run(io::Executor& executor,
         exec::Sources sources,
         Prepared query,
         const Limits& limits,
         io::CancelToken cancel,
         std::function<void(StatusOr<Result>)> done);

// All labels of a row, as answers show them by default.
[[nodiscard]] Labels all_labels(const LogRow& row);

}  // namespace logi::query
