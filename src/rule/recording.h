// What a recording rule makes of samples: series under its own name.
#pragma once

#include "base/status.h"
#include "rule/alert.h"
#include "rule/group.h"

#include <set>
#include <vector>

namespace logi::rule {

// A point of a series that others keep.
struct RecordedSample {
    Labels labels;  // with __name__
    double value = 0;
    Timestamp time;
};

// The value that tells Prometheus that a series has ended: a NaN of its own.
[[nodiscard]] double stale_marker();

// The series of one rule. One thread at a time.
class SeriesOfRule {
  public:
    // Those series that were there before and are no more get stale_marker().
    [[nodiscard]] std::vector<RecordedSample> record(Timestamp at, Samples series);
    [[nodiscard]] const std::set<Labels>& there() const { return there_; }

  private:
    std::set<Labels> there_;
};

// The series of a recording rule. kInvalidArgument: two samples are one series, or there are more
// than `limit`, 0: any number.
StatusOr<Samples> recorded_series(const Rule& rule, const Samples& samples, std::int64_t limit);

// ALERTS and ALERTS_FOR_STATE, as Prometheus has them.
[[nodiscard]] Samples series_of_alerts(const AlertRule& rule);

}  // namespace logi::rule
