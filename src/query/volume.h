// How many bytes were logged, by labels: what Loki calls volume.
#pragma once

#include "query/stream_sizes.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace logi::query {

struct VolumeRequest {
    std::vector<Matcher> matchers;  // none: every stream
    // Entries of (start, end] count, as in a range aggregation at `end`.
    Timestamp start;
    Timestamp end;
    // A value for each bucket of this length; buckets begin at multiples of it, and the one that
    // `end` lies in ends there. Nothing: one value.
    std::optional<Duration> step;
    // Streams are counted by their values of these labels, of which they need to have those that no
    // matcher names. Empty: of the labels that matchers name, or of all if there are no matchers.
    std::vector<std::string> target_labels;
    // By the names of labels instead: the target labels, or all.
    bool by_name = false;
    std::uint32_t limit = 100;       // of series, the largest
    std::int64_t series_max = 1000;  // with more than that the request is refused; 0: no limit
};

struct VolumePoint {
    Timestamp time;
    std::uint64_t bytes = 0;
};

struct VolumeSeries {
    std::vector<LabelPair> labels;    // sorted by name; by_name: the name with an empty value
    std::vector<VolumePoint> points;  // not empty, none without bytes
};

struct Volume {
    // The largest first point first, of equal ones by labels.
    std::vector<VolumeSeries> series;
    StreamSizes sizes;
};

// As run_stream_sizes; kInvalidArgument also for too many series.
void run_volume(io::Executor& executor,
                exec::Sources sources,
                const VolumeRequest& request,
                io::CancelToken cancel,
                std::function<void(StatusOr<Volume>)> done);

}  // namespace logi::query
