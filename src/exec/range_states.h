// What a range aggregation remembers of the samples of a cell: one type per family of operators.
// States are merged in the order of time. `value` is what a window yields that holds at least one
// sample. `write` and `read` carry a state to another process and back to the bit; reading takes no
// more memory than a few times the bytes that are left.
#pragma once

#include "base/bytes.h"
#include "base/time.h"
#include "exec/float_sum.h"
#include "logql/ast.h"

#include <algorithm>
#include <bit>
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

inline void write_double(base::ByteWriter& w, double value) {
    w.u64(std::bit_cast<std::uint64_t>(value));
}
inline double read_double(base::ByteReader& r) {
    return std::bit_cast<double>(r.u64());
}

// count_over_time, rate of lines, bytes_over_time, bytes_rate: whole numbers, so they can be taken
// out of a window again.
struct CountState {
    static constexpr bool kGather = false;
    std::uint64_t amount = 0;
    void add(Timestamp, double value) { amount += static_cast<std::uint64_t>(value); }
    void write(base::ByteWriter& w) const { w.varint(amount); }
    void read(base::ByteReader& r) { amount = r.varint(); }
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
    void write(base::ByteWriter& w) const {
        write_double(w, sum.parts().sum);
        write_double(w, sum.parts().compensation);
        w.varint(count);
    }
    void read(base::ByteReader& r) {
        const double whole = read_double(r);
        sum = FloatSum::of({whole, read_double(r)});
        count = r.varint();
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
    void write(base::ByteWriter& w) const {
        write_double(w, least);
        write_double(w, most);
    }
    void read(base::ByteReader& r) {
        least = read_double(r);
        most = read_double(r);
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
    void write(base::ByteWriter& w) const {
        const Moments::Parts parts = moments.parts();
        for (const double part : {parts.count, parts.mean, parts.squares}) {
            write_double(w, part);
        }
    }
    void read(base::ByteReader& r) {
        const double count = read_double(r);
        const double mean = read_double(r);
        moments = Moments::of({count, mean, read_double(r)});
    }
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
    void write(base::ByteWriter& w) const {
        w.i64(first_time.ns);
        w.i64(last_time.ns);
        write_double(w, first);
        write_double(w, last);
    }
    void read(base::ByteReader& r) {
        first_time = {r.i64()};
        last_time = {r.i64()};
        first = read_double(r);
        last = read_double(r);
    }
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
    void write(base::ByteWriter& w) const {
        w.varint(values.size());
        for (const double value : values) {
            write_double(w, value);
        }
    }
    void read(base::ByteReader& r) {
        const std::uint64_t count = r.varint();
        for (std::uint64_t i = 0; i < count && r.ok(); ++i) {
            values.push_back(read_double(r));
        }
    }
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
    static constexpr std::int64_t kFarNs = std::int64_t{1} << 62;
    std::vector<std::pair<Timestamp, double>> points;
    void add(Timestamp time, double value) { points.emplace_back(time, value); }
    void write(base::ByteWriter& w) const {
        w.varint(points.size());
        for (const auto& [time, value] : points) {
            w.i64(time.ns);
            write_double(w, value);
        }
    }
    void read(base::ByteReader& r) {
        const std::uint64_t count = r.varint();
        for (std::uint64_t i = 0; i < count && r.ok(); ++i) {
            const Timestamp time{r.i64()};
            if (time.ns < -kFarNs || time.ns > kFarNs) {
                r.bytes(r.left() + 1);  // distances would not be numbers
            }
            points.emplace_back(time, read_double(r));
        }
    }
    void merge(const CounterState& later) {
        points.insert(points.end(), later.points.begin(), later.points.end());
    }
    [[nodiscard]] double value(const RangeParameters& p);
    [[nodiscard]] std::size_t heap_bytes() const { return points.capacity() * sizeof(points[0]); }
    void clear() { points.clear(); }
};

}  // namespace logi::exec
