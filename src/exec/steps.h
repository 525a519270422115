// Evaluation times of a metric query, and the values of its series at them.
#pragma once

#include "base/time.h"
#include "model/labels.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace logi::exec {

// first, first + step, … , count of them.
struct Steps {
    Timestamp first;
    Duration step{1};
    std::size_t count = 0;
    [[nodiscard]] Timestamp at(std::size_t i) const {
        return first + Duration{step.ns * static_cast<std::int64_t>(i)};
    }
    [[nodiscard]] Timestamp last() const { return at(count - 1); }
};

// The values of one series where it has any: `steps` are ascending numbers of steps.
struct StepSeries {
    Labels labels;
    std::vector<std::uint32_t> steps;
    std::vector<double> values;

    void add(std::uint32_t step, double value) {
        steps.push_back(step);
        values.push_back(value);
    }
};

using StepVector = std::vector<StepSeries>;

}  // namespace logi::exec
