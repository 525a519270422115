// What a range aggregation remembers of the samples of a cell: one type per family of operators.
// States are merged in the order of time. `value` is what a window yields that holds at least one
// sample.
#pragma once

#include "base/time.h"
#include "exec/float_sum.h"
#include "logql/ast.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace logi::exec {

struct RangeParameters {
    logql::RangeOp op = logql::RangeOp::kCountOverTime;
    double range_seconds = 0;
    double quantile = 0;
};

// count_over_time, rate of lines, bytes_over_time, bytes_rate: whole numbers, so they can be taken
// out of a window again.
struct CountState {
    static constexpr bool kGather = false;
    std::uint64_t amount = 0;
    void add(Timestamp, double value) { amount += static_cast<std::uint64_t>(value); }
    void merge(const CountState& later) { amount += later.amount; }
    [[nodiscard]] double value(const RangeParameters& p) const {
        const bool per_second = p.op == logql::RangeOp::kRate || p.op == logql::RangeOp::kBytesRate;
        return static_cast<double>(amount) / (per_second ? p.range_seconds : 1);
    }
};

// sum_over_time, rate of unwrapped values, avg_over_time.
struct SumState {
    static constexpr bool kGather = false;
    FloatSum sum;
    std::uint64_t count = 0;
    void add(Timestamp, double value) {
        sum.add(value);
        ++count;
    }
    void merge(const SumState& later) {
        sum.add(later.sum);
        count += later.count;
    }
    [[nodiscard]] double value(const RangeParameters& p) const {
        switch (p.op) {
            case logql::RangeOp::kRate:
                return sum.value() / p.range_seconds;
            case logql::RangeOp::kAvgOverTime:
                return sum.value() / static_cast<double>(count);
            default:
                return sum.value();
        }
    }
};

// min_over_time, max_over_time: NaN only if every value is.
struct ExtremeState {
    static constexpr bool kGather = false;
    double least = std::numeric_limits<double>::quiet_NaN();
    double most = std::numeric_limits<double>::quiet_NaN();
    void add(Timestamp, double value) {
        least = std::fmin(least, value);
        most = std::fmax(most, value);
    }
    void merge(const ExtremeState& later) {
        least = std::fmin(least, later.least);
        most = std::fmax(most, later.most);
    }
    [[nodiscard]] double value(const RangeParameters& p) const {
        return p.op == logql::RangeOp::kMinOverTime ? least : most;
    }
};

// stddev_over_time, stdvar_over_time.
struct MomentsState {
    static constexpr bool kGather = false;
    Moments moments;
    void add(Timestamp, double value) { moments.add(value); }
    void merge(const MomentsState& later) { moments.add(later.moments); }
    [[nodiscard]] double value(const RangeParameters& p) const {
        const double variance = moments.variance();
        return p.op == logql::RangeOp::kStdvarOverTime ? variance : std::sqrt(variance);
    }
};

// first_over_time, last_over_time. Of equal times the first added is the first, the last the last.
struct EdgeState {
    static constexpr bool kGather = false;
    Timestamp first_time = Timestamp::max();
    Timestamp last_time = Timestamp::min();
    double first = 0;
    double last = 0;
    void add(Timestamp time, double value) { take(time, value, time, value); }
    void merge(const EdgeState& later) {
        take(later.first_time, later.first, later.last_time, later.last);
    }
    [[nodiscard]] double value(const RangeParameters& p) const {
        return p.op == logql::RangeOp::kFirstOverTime ? first : last;
    }

  private:
    void take(Timestamp from, double from_value, Timestamp to, double to_value) {
        if (from < first_time) {
            first_time = from;
            first = from_value;
        }
        if (to >= last_time) {
            last_time = to;
            last = to_value;
        }
    }
};

// quantile_over_time: all values, interpolated linearly between ranks.
struct QuantileState {
    static constexpr bool kGather = true;
    std::vector<double> values;
    void add(Timestamp, double value) { values.push_back(value); }
    void merge(const QuantileState& later) {
        values.insert(values.end(), later.values.begin(), later.values.end());
    }
    // Reorders the values.
    [[nodiscard]] double value(const RangeParameters& p);
    [[nodiscard]] std::size_t heap_bytes() const { return values.capacity() * sizeof(double); }
    void clear() { values.clear(); }
};

// rate_counter: all values with their times.
struct CounterState {
    static constexpr bool kGather = true;
    std::vector<std::pair<Timestamp, double>> points;
    void add(Timestamp time, double value) { points.emplace_back(time, value); }
    void merge(const CounterState& later) {
        points.insert(points.end(), later.points.begin(), later.points.end());
    }
    [[nodiscard]] double value(const RangeParameters& p);
    [[nodiscard]] std::size_t heap_bytes() const { return points.capacity() * sizeof(points[0]); }
    void clear() { points.clear(); }
};

}  // namespace logi::exec
