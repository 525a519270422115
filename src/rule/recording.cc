#include "rule/recording.h"

#include "absl/strings/str_cat.h"

#include <bit>

namespace logi::rule {
namespace {

constexpr std::uint64_t kStaleBits = 0x7ff0000000000002;

Labels with(const Labels& labels, std::vector<LabelPair> more) {
    std::vector<LabelPair> pairs = labels.pairs();
    pairs.insert(pairs.end(), more.begin(), more.end());
    return Labels::from_pairs(std::move(pairs));
}

}  // namespace

double stale_marker() {
    return std::bit_cast<double>(kStaleBits);
}

std::vector<RecordedSample> SeriesOfRule::record(Timestamp at, Samples series) {
    std::vector<RecordedSample> out;
    std::set<Labels> now;
    for (Sample& sample : series) {
        now.insert(sample.labels);
        out.push_back({std::move(sample.labels), sample.value, at});
    }
    for (const Labels& labels : there_) {
        if (!now.contains(labels)) {
            out.push_back({labels, stale_marker(), at});
        }
    }
    there_ = std::move(now);
    return out;
}

StatusOr<Samples> recorded_series(const Rule& rule, const Samples& samples, std::int64_t limit) {
    std::vector<LabelPair> own;
    for (const auto& [name, value] : rule.labels) {
        own.push_back({name, value});
    }
    own.push_back({kMetricName, rule.record});
    Samples out;
    std::set<Labels> seen;
    for (const Sample& sample : samples) {
        out.push_back({with(sample.labels, own), sample.value});
        if (!seen.insert(out.back().labels).second) {
            return absl::InvalidArgumentError(
                "vector contains metrics with the same labelset after applying rule labels");
        }
    }
    if (limit > 0 && out.size() > static_cast<std::size_t>(limit)) {
        return absl::InvalidArgumentError(
            absl::StrCat("exceeded limit of ", limit, " with ", out.size(), " series"));
    }
    return out;
}

Samples series_of_alerts(const AlertRule& rule) {
    Samples out;
    for (const auto& [labels, alert] : rule.alerts()) {
        if (alert.state == AlertState::kInactive) {
            continue;
        }
        out.push_back(
            {with(labels, {{kMetricName, "ALERTS"}, {"alertstate", name_of(alert.state)}}), 1});
        out.push_back({with(labels, {{kMetricName, "ALERTS_FOR_STATE"}}),
                       static_cast<double>(alert.active_at.ns / kNanosPerSecond)});
    }
    return out;
}

}  // namespace logi::rule
