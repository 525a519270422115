#include "compact/plan.h"

#include <map>
#include <tuple>

namespace logi::compact {
namespace {

using Segments = std::vector<catalog::SegmentInfo>;

constexpr std::int64_t kDayNs = 24 * 3600 * kNanosPerSecond;

// From here on a segment is a slice of its own.
bool is_large(const catalog::SegmentInfo& s, const PlanOptions& options) {
    return s.line_bytes >= options.slice_line_bytes / 4 * 3 ||
           s.size_bytes >= options.slice_size_bytes / 4 * 3;
}

// Takes out what is so large that the rest is not worth writing it again, unless all is cheap.
void leave_out_large(Segments& run, std::uint64_t cheap_line_bytes) {
    std::uint64_t total = 0;
    for (const auto& s : run) {
        total += s.line_bytes;
    }
    while (run.size() > 1 && total > cheap_line_bytes) {
        const auto largest =
            std::max_element(run.begin(), run.end(), [](const auto& a, const auto& b) {
                return a.line_bytes < b.line_bytes;
            });
        if (total - largest->line_bytes >= largest->line_bytes / 2) {
            return;
        }
        total -= largest->line_bytes;
        run.erase(largest);
    }
}

// Adds up what follows each other in time until it makes a slice.
class Slices {
  public:
    Slices(const PlanOptions& options, bool day_is_over)
        : options_(options), day_is_over_(day_is_over) {}

    // True: the run that is complete is to be merged.
    bool add(const catalog::SegmentInfo& segment) {
        const bool full =
            !run_.empty() && (line_bytes_ + segment.line_bytes > options_.slice_line_bytes ||
                              size_bytes_ + segment.size_bytes > options_.slice_size_bytes ||
                              run_.size() >= options_.inputs_max);
        if (full) {
            if (worth_it(true)) {
                return true;
            }
            run_.clear();
            line_bytes_ = size_bytes_ = 0;
        }
        line_bytes_ += segment.line_bytes;
        size_bytes_ += segment.size_bytes;
        run_.push_back(segment);
        return false;
    }
    bool finish() { return worth_it(false); }
    Segments take() { return std::move(run_); }

  private:
    bool worth_it(bool full) {
        leave_out_large(run_, day_is_over_ ? options_.cheap_line_bytes : 0);
        return run_.size() > 1 &&
               (full || day_is_over_ || run_.size() >= options_.small_segments_max);
    }

    const PlanOptions& options_;
    const bool day_is_over_;
    Segments run_;
    std::uint64_t line_bytes_ = 0;
    std::uint64_t size_bytes_ = 0;
};

}  // namespace

std::int64_t day_of(Timestamp t) {
    const std::int64_t day = t.ns / kDayNs;
    return t.ns % kDayNs < 0 ? day - 1 : day;
}

Segments plan_merge(const catalog::Snapshot& snapshot,
                    const absl::flat_hash_set<std::string>& skip,
                    Timestamp now,
                    const PlanOptions& options) {
    std::map<std::int64_t, Segments> days;
    for (const auto& s : snapshot.segments) {
        if (skip.contains(s.key)) {
            continue;
        }
        if (!s.known()) {
            return {s};
        }
        if (!is_large(s, options)) {
            days[day_of(s.min_time)].push_back(s);
        }
    }
    for (auto& [day, segments] : days) {
        std::sort(segments.begin(), segments.end(), [](const auto& a, const auto& b) {
            return std::tie(a.min_time, a.key) < std::tie(b.min_time, b.key);
        });
        Slices slices(options, day < day_of(now - options.late));
        for (const auto& s : segments) {
            if (slices.add(s)) {
                return slices.take();
            }
        }
        if (slices.finish()) {
            return slices.take();
        }
    }
    return {};
}

}  // namespace logi::compact
