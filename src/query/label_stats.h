// Streams, and what their labels have: without a block being read.
#pragma once

#include "exec/scan.h"
#include "model/labels.h"
#include "model/matcher.h"

#include <cstdint>
#include <string>
#include <vector>

namespace logi::query {

// Streams that any of the selectors matches (none: all), sorted, unique. Of an extent that the
// range touches it counts that it may have entries there.
struct FoundStreams {
    std::vector<Labels> labels;
    std::vector<std::string> missing;  // what is damaged, one sentence each
};
StatusOr<FoundStreams> series(const exec::Sources& sources,
                              const std::vector<std::vector<Matcher>>& selectors,
                              TimeRange range);

// Sorted, unique.
std::vector<std::string> label_names(const std::vector<Labels>& streams);
std::vector<std::string> label_values(const std::vector<Labels>& streams, std::string_view name);

struct LabelCardinality {
    std::string name;
    std::uint64_t values = 0;
};

// The labels that are of use to pick streams by, sorted by name: not those whose values are all
// numbers or UUIDs, unless they are just 0 and 1, or the label is cluster, namespace, instance or
// pod.
std::vector<LabelCardinality> useful_labels(const std::vector<Labels>& streams);

}  // namespace logi::query
