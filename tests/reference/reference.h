// A second evaluator of LogQL, slow and obvious: entry by entry, step by step, over maps of
// strings, with none of the code of the engine. It is there to be compared with the engine on
// random data and queries, and to be believed by reading it.
#pragma once

#include "base/status.h"
#include "base/time.h"
#include "logql/ast.h"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace logi::reference {

using LabelMap = std::map<std::string, std::string>;

struct Entry {
    LabelMap stream;
    Timestamp time;
    std::string line;
    LabelMap metadata;
    friend bool operator==(const Entry&, const Entry&) = default;
};

struct Request {
    Timestamp start;
    Timestamp end;
    Duration step = Duration::seconds(1);
    bool align_to_step = true;
    bool instant = false;
    std::size_t limit = 100;
    bool forward = false;
    Duration interval;
    Timestamp now;
    std::size_t series_max = 0;  // 0: any number
};

// An entry after its pipeline.
struct Row {
    Timestamp time;
    std::string line;
    LabelMap stream;
    LabelMap metadata;
    LabelMap parsed;
    friend bool operator==(const Row&, const Row&) = default;
};

struct Point {
    Timestamp time;
    double value = 0;
};

struct Series {
    LabelMap labels;
    std::vector<Point> points;
};

struct Answer {
    std::vector<Row> rows;       // in the order of the request's direction
    std::vector<Series> series;  // instant: in order; else sorted by labels
    bool scalar = false;
    // Not empty: the query fails with an error of one of these kinds.
    std::set<std::string> pipeline_errors;
};

// `entries` are in the order of their arrival. An error: the query fails, but not for what is in a
// line.
StatusOr<Answer> evaluate(const std::vector<Entry>& entries,
                          const logql::Expr& expr,
                          const Request& request);

}  // namespace logi::reference
