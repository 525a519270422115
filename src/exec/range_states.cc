#include "exec/range_states.h"

namespace logi::exec {

double QuantileState::value(const RangeParameters& p) {
    if (values.empty() || std::isnan(p.quantile)) {
        return std::numeric_limits<double>::quiet_NaN();
    }
    if (p.quantile < 0 || p.quantile > 1) {
        return std::copysign(std::numeric_limits<double>::infinity(), p.quantile - 0.5);
    }
    // NaN sorts before every number.
    const auto less = [](double a, double b) {
        return a < b || (std::isnan(a) && !std::isnan(b));
    };
    const double rank = p.quantile * static_cast<double>(values.size() - 1);
    const auto lower = static_cast<std::size_t>(std::floor(rank));
    const auto at = values.begin() + static_cast<std::ptrdiff_t>(lower);
    std::nth_element(values.begin(), at, values.end(), less);
    const double weight = rank - std::floor(rank);
    // With an infinity this gives NaN even where the rank is whole, as in Loki.
    const double upper =
        lower + 1 == values.size() ? *at : *std::min_element(at + 1, values.end(), less);
    return *at * (1 - weight) + upper * weight;
}

// Prometheus' extrapolated increase per second, with Loki's mix of units: the time between samples
// is taken in microseconds, the range in seconds.
double CounterState::value(const RangeParameters& p) {
    if (points.size() < 2) {
        return 0;
    }
    std::stable_sort(points.begin(), points.end(), [](const auto& a, const auto& b) {
        return a.first < b.first;
    });
    double increase = points.back().second - points.front().second;
    for (std::size_t i = 1; i < points.size(); ++i) {
        if (points[i].second < points[i - 1].second) {
            increase += points[i - 1].second;
        }
    }
    const double distance =
        static_cast<double>((points.back().first - points.front().first).ns) / 1e3;
    const double average = distance / static_cast<double>(points.size() - 1);
    double to_start = p.range_seconds;
    if (increase > 0 && points.front().second >= 0) {
        to_start = std::min(to_start, distance * points.front().second / increase);
    }
    if (to_start >= average * 1.1) {
        to_start = average / 2;
    }
    return increase * (distance + to_start) / distance / p.range_seconds;
}

}  // namespace logi::exec
