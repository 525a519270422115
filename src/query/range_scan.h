// Range aggregations: the samples of one leaf of a metric query, counted into windows.
#pragma once

#include "logql/ast.h"
#include "query/query.h"

namespace logi::query {

// Evaluation times: first, first + step, … , count of them.
struct Steps {
    Timestamp first;
    Duration step;
    std::size_t count = 0;
    [[nodiscard]] Timestamp at(std::size_t i) const {
        return first + Duration{step.ns * static_cast<std::int64_t>(i)};
    }
};

// A value per step; `present` says where the series has one.
struct StepSeries {
    Labels labels;
    std::vector<double> values;
    std::vector<bool> present;
};

// Values of the windows (t - range - offset, t - offset] for each step t. `stats` and `missing`
// are added to and must live until `done`.
void run_range_scan(io::Executor& executor,
                    const exec::Sources& sources,
                    const logql::RangeAggregation& aggregation,
                    exec::ScanSpec spec,
                    Steps steps,
                    io::CancelToken cancel,
                    Stats& stats,
                    std::vector<std::string>& missing,
                    std::function<void(StatusOr<std::vector<StepSeries>>)> done);

}  // namespace logi::query
