// The samples that a range aggregation takes from entries.
#pragma once

#include "reference.h"

#include <optional>

namespace logi::reference {

struct RangeSample {
    Timestamp time;
    LabelMap series;
    double value = 0;
    std::string error;  // not empty: fails the query if a window holds the sample
};

// In the order of time, equal times in that of arrival. `grouping` decides which labels of an entry
// make its series.
StatusOr<std::vector<RangeSample>> samples_of(const std::vector<Entry>& entries,
                                              const logql::RangeAggregation& range,
                                              const std::optional<logql::Grouping>& grouping,
                                              Timestamp now);

}  // namespace logi::reference
