// The values of windows.
#include "samples.h"
#include "vector.h"

#include <algorithm>
#include <cmath>

namespace logi::reference {
namespace {

using logql::RangeOp;
using Window = std::vector<const RangeSample*>;

double sum(const Window& window) {
    double out = 0;
    for (const RangeSample* s : window) {
        out += s->value;
    }
    return out;
}

// Of the population, by Welford's recurrence.
double variance(const Window& window) {
    double count = 0;
    double mean = 0;
    double squares = 0;
    for (const RangeSample* s : window) {
        count += 1;
        const double delta = s->value - mean;
        mean += delta / count;
        squares += delta * (s->value - mean);
    }
    return squares / count;
}

double quantile(double q, const Window& window) {
    if (q < 0 || q > 1) {
        return q < 0 ? -INFINITY : INFINITY;
    }
    std::vector<double> values;
    for (const RangeSample* s : window) {
        values.push_back(s->value);
    }
    // NaN first.
    std::sort(values.begin(), values.end(), [](double a, double b) {
        return std::isnan(a) ? !std::isnan(b) : a < b;
    });
    const double rank = q * static_cast<double>(values.size() - 1);
    const auto lower = static_cast<std::size_t>(std::floor(rank));
    const std::size_t upper = std::min(lower + 1, values.size() - 1);
    const double weight = rank - std::floor(rank);
    return values[lower] * (1 - weight) + values[upper] * weight;
}

// Prometheus' extrapolated rate of a counter, with the time between samples in microseconds and the
// range in seconds.
double rate_counter(double range_seconds, const Window& window) {
    if (window.size() < 2) {
        return 0;
    }
    double increase = window.back()->value - window.front()->value;
    for (std::size_t i = 1; i < window.size(); ++i) {
        if (window[i]->value < window[i - 1]->value) {
            increase += window[i - 1]->value;
        }
    }
    const double distance =
        static_cast<double>((window.back()->time - window.front()->time).ns) / 1e3;
    const double between = distance / static_cast<double>(window.size() - 1);
    double to_start = range_seconds;
    if (increase > 0 && window.front()->value >= 0) {
        to_start = std::min(to_start, distance * window.front()->value / increase);
    }
    if (to_start >= 1.1 * between) {
        to_start = between / 2;
    }
    return increase * (distance + to_start) / distance / range_seconds;
}

}  // namespace

double range_value(const logql::RangeAggregation& range, const Window& window) {
    const double seconds = static_cast<double>(range.range.ns) / 1e9;
    double least = NAN;
    double most = NAN;
    for (const RangeSample* s : window) {
        least = std::fmin(least, s->value);
        most = std::fmax(most, s->value);
    }
    switch (range.op) {
        case RangeOp::kCountOverTime:
        case RangeOp::kAbsentOverTime:
            return static_cast<double>(window.size());
        case RangeOp::kBytesOverTime:
        case RangeOp::kSumOverTime:
            return sum(window);
        case RangeOp::kRate:
        case RangeOp::kBytesRate:
            return sum(window) / seconds;
        case RangeOp::kAvgOverTime:
            return sum(window) / static_cast<double>(window.size());
        case RangeOp::kMinOverTime:
            return least;
        case RangeOp::kMaxOverTime:
            return most;
        case RangeOp::kStdvarOverTime:
            return variance(window);
        case RangeOp::kStddevOverTime:
            return std::sqrt(variance(window));
        case RangeOp::kQuantileOverTime:
            return quantile(range.parameter.value_or(0), window);
        case RangeOp::kFirstOverTime:
            return window.front()->value;
        case RangeOp::kLastOverTime:
            return window.back()->value;
        case RangeOp::kRateCounter:
            break;
    }
    return rate_counter(seconds, window);
}

}  // namespace logi::reference
