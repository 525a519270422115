// One read request from text to answer.
#pragma once

#include "exec/scan.h"
#include "io/cancel.h"
#include "io/executor.h"
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
    std::uint32_t limit = 100;
    bool forward = false;
    Duration interval;  // logs: least distance between entries, 0 for all
};

struct LogRow {
    Timestamp time;
    std::shared_ptr<const Labels> labels;  // of the stream
    std::string line;
    std::vector<LabelPair> metadata;  // sorted by name
};

struct Point {
    Timestamp time;
    double value = 0;
};

struct Series {
    Labels labels;
    std::vector<Point> points;
};

struct Stats {
    std::uint64_t blocks = 0;
    std::uint64_t lines = 0;
    std::uint64_t bytes = 0;
    std::uint64_t duplicates = 0;
};

struct Result {
    enum class Type { kStreams, kVector, kMatrix, kScalar };
    Type type = Type::kStreams;
    std::vector<LogRow> rows;    // in the order of the request's direction
    std::vector<Series> series;  // sorted by labels; one point each for kVector and kScalar
    Stats stats;
    // Blocks that are damaged, one sentence each: the answer lacks their rows.
    std::vector<std::string> missing;
};

// The time that a request's sources have to cover, both ends included. kInvalidArgument if the
// query does not parse.
StatusOr<TimeRange> time_range(const Request& request);

// Runs as tasks on the executor, which must outlive it; `done` is called once. kInvalidArgument:
// the query or a limit; kResourceExhausted: too much memory; kCancelled; kDataLoss: a damaged
// block.
void run(io::Executor& executor,
         exec::Sources sources,
         Request request,
         const Limits& limits,
         io::CancelToken cancel,
         std::function<void(StatusOr<Result>)> done);

// Labels as queries show them: the stream's, and the metadata, whose names get "_extracted" where
// the stream has the same name.
[[nodiscard]] Labels merged_labels(const Labels& stream, const std::vector<LabelPair>& metadata);

}  // namespace logi::query
