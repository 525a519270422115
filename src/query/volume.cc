#include "query/volume.h"

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"

#include <numeric>

namespace logi::query {
namespace {

// Windows of time: where each ends, itself included, and the time that its value is given.
struct Windows {
    std::vector<Timestamp> lasts;
    std::vector<Timestamp> stamps;
};

// A bucket's value has the last millisecond of the bucket, that of the last bucket the end of the
// range.
Windows windows_of(const VolumeRequest& request) {
    Windows windows;
    if (request.step) {
        const Duration step = *request.step;
        const std::int64_t into = request.start.ns % step.ns;
        const Timestamp bucket = request.start - Duration{into < 0 ? into + step.ns : into};
        for (Timestamp next = bucket + step; next < request.end; next = next + step) {
            windows.lasts.push_back(next - Duration{1});
            windows.stamps.push_back(next - Duration::millis(1));
        }
    }
    windows.lasts.push_back(request.end);
    windows.stamps.push_back(request.end);
    return windows;
}

// The series that streams count in.
class Grouping {
  public:
    explicit Grouping(const VolumeRequest& request)
        : by_name_(request.by_name), series_max_(request.series_max) {
        for (const auto& label : request.target_labels) {
            names_.insert(label);
            required_.insert(label);
        }
        for (const auto& matcher : request.matchers) {
            required_.erase(matcher.name());
            if (request.target_labels.empty() && !by_name_) {
                names_.insert(matcher.name());
            }
        }
    }

    Status groups_of(const Labels& stream, std::vector<std::uint32_t>& groups) {
        for (const auto& name : required_) {
            if (stream.get(name).empty()) {
                return absl::OkStatus();
            }
        }
        std::vector<LabelPair> labels;
        for (const auto& pair : stream.pairs()) {
            if (!names_.empty() && !names_.contains(pair.name)) {
                continue;
            }
            if (by_name_) {
                LOGI_RETURN_IF_ERROR(add({{pair.name, ""}}, groups));
            } else {
                labels.push_back(pair);
            }
        }
        return by_name_ ? absl::OkStatus() : add(std::move(labels), groups);
    }

    [[nodiscard]] std::vector<std::vector<LabelPair>>& series() { return series_; }

  private:
    Status add(std::vector<LabelPair> labels, std::vector<std::uint32_t>& groups) {
        const auto [it, is_new] =
            numbers_.try_emplace(key_of(labels), static_cast<std::uint32_t>(series_.size()));
        if (is_new) {
            series_.push_back(std::move(labels));
            if (series_max_ > 0 && series_.size() > static_cast<std::size_t>(series_max_)) {
                return absl::InvalidArgumentError(
                    absl::StrCat("the query hit the max number of series limit (limit: ",
                                 series_max_,
                                 " series)"));
            }
        }
        groups.push_back(it->second);
        return absl::OkStatus();
    }

    static std::string key_of(const std::vector<LabelPair>& labels) {
        std::string key;
        for (const auto& pair : labels) {
            absl::StrAppend(&key, pair.name, "=", go_quote(pair.value));
        }
        return key;
    }

    const bool by_name_;
    const std::int64_t series_max_;
    absl::flat_hash_set<std::string> names_;     // empty: all
    absl::flat_hash_set<std::string> required_;  // a stream without them does not count
    absl::flat_hash_map<std::string, std::uint32_t> numbers_;
    std::vector<std::vector<LabelPair>> series_;
};

// The largest series, at most `limit`, as the answer has them.
std::vector<VolumeSeries> largest(std::vector<std::vector<LabelPair>> labels,
                                  const std::vector<std::uint64_t>& bytes,
                                  const Windows& windows,
                                  std::uint32_t limit) {
    const std::size_t count = windows.lasts.size();
    struct Total {
        std::uint64_t bytes;
        VolumeSeries series;
    };
    std::vector<Total> totals;
    // A group without entries has no sums of its own.
    for (std::size_t group = 0; group < bytes.size() / count; ++group) {
        Total total{0, {std::move(labels[group]), {}}};
        for (std::size_t w = 0; w < count; ++w) {
            if (const std::uint64_t n = bytes[group * count + w]; n > 0) {
                total.bytes += n;
                total.series.points.push_back({windows.stamps[w], n});
            }
        }
        if (total.bytes > 0) {
            totals.push_back(std::move(total));
        }
    }
    std::sort(totals.begin(), totals.end(), [](const Total& a, const Total& b) {
        return a.bytes != b.bytes ? a.bytes > b.bytes : a.series.labels < b.series.labels;
    });
    totals.resize(std::min<std::size_t>(totals.size(), limit));
    std::vector<VolumeSeries> series;
    for (auto& total : totals) {
        series.push_back(std::move(total.series));
    }
    std::sort(series.begin(), series.end(), [](const VolumeSeries& a, const VolumeSeries& b) {
        const std::uint64_t first_a = a.points.front().bytes;
        const std::uint64_t first_b = b.points.front().bytes;
        return first_a != first_b ? first_a > first_b : a.labels < b.labels;
    });
    return series;
}

}  // namespace

void run_volume(io::Executor& executor,
                exec::Sources sources,
                const VolumeRequest& request,
                io::CancelToken cancel,
                std::function<void(StatusOr<Volume>)> done) {
    const auto windows = std::make_shared<const Windows>(windows_of(request));
    const auto grouping = std::make_shared<Grouping>(request);
    SizeRequest sizes;
    sizes.matchers = request.matchers;
    sizes.first = request.start + Duration{1};
    sizes.lasts = windows->lasts;
    sizes.groups_of = [grouping](const Labels& stream, std::vector<std::uint32_t>& groups) {
        return grouping->groups_of(stream, groups);
    };
    run_stream_sizes(executor,
                     std::move(sources),
                     std::move(sizes),
                     std::move(cancel),
                     [windows, grouping, limit = request.limit, done = std::move(done)](
                         StatusOr<StreamSizes> counted) {
                         if (!counted.ok()) {
                             done(counted.status());
                             return;
                         }
                         Volume volume;
                         volume.series = largest(
                             std::move(grouping->series()), counted->bytes, *windows, limit);
                         volume.sizes = *std::move(counted);
                         done(std::move(volume));
                     });
}

}  // namespace logi::query
