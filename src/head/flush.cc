#include "head/flush.h"

#include "head/generation.h"
#include "head/sorted_rows.h"
#include "segment/segment_writer.h"

#include <map>
#include <numeric>
#include <utility>

namespace logi::head {
namespace {

constexpr std::int64_t kDayNs = 24 * 3600 * kNanosPerSecond;

// Floor division, so that times before 1970 fall into their own day.
std::int64_t day_of(Timestamp t) {
    const std::int64_t day = t.ns / kDayNs;
    return t.ns % kDayNs < 0 ? day - 1 : day;
}

constexpr std::size_t kAhead = 8;  // rows fetched before they are needed

// A row where it lies: rows are put into order by these, and seldom looked at for it.
struct RowRef {
    Timestamp time;
    std::uint32_t rank = 0;  // of its stream
    std::uint32_t group = 0;
    std::uint32_t row = 0;
    std::uint32_t line_bytes = 0;
};

class Flush {
  public:
    Flush(const std::vector<std::shared_ptr<const HeadStream>>& streams,
          const std::vector<std::shared_ptr<const RowGroup>>& groups)
        : streams_(streams), groups_(groups), rank_(streams.size()) {
        // Streams in the order of their labels, so that similar lines meet in a block.
        std::vector<std::uint32_t> by_labels(streams.size());
        std::iota(by_labels.begin(), by_labels.end(), 0U);
        std::sort(by_labels.begin(), by_labels.end(), [&](std::uint32_t a, std::uint32_t b) {
            return streams[a]->labels < streams[b]->labels;
        });
        for (std::uint32_t i = 0; i < by_labels.size(); ++i) {
            rank_[by_labels[i]] = i;
        }
    }

    [[nodiscard]] std::map<std::int64_t, std::vector<RowRef>> days(const HiddenRows& hidden) const {
        std::map<std::int64_t, std::vector<RowRef>> days;
        for (std::uint32_t g = 0; g < groups_.size(); ++g) {
            const auto& rows = groups_[g]->rows;
            const bool some_hidden = g < hidden.size() && !hidden[g].empty();
            for (std::uint32_t i = 0; i < rows.size(); ++i) {
                if (some_hidden && hidden[g][i]) {
                    continue;
                }
                const auto& row = rows[i];
                days[day_of(row.time)].push_back({row.time,
                                                  rank_[row.stream],
                                                  g,
                                                  i,
                                                  static_cast<std::uint32_t>(row.line.size())});
            }
        }
        return days;
    }

    [[nodiscard]] FlushedSegment segment(std::vector<RowRef> refs) const {
        FlushedSegment flushed;
        sort_by_stream(
            refs,
            static_cast<std::uint32_t>(rank_.size()),
            [](const RowRef& r) { return r.rank; },
            [&](const RowRef& a, const RowRef& b) { return before(a, b); });
        flushed.duplicates = drop_duplicates(
            refs,
            [](const RowRef& a, const RowRef& b) { return a.rank == b.rank && a.time == b.time; },
            [&](const RowRef& r) -> const block::Row& { return at(r); });
        // Only the streams of this day; ordinals are dense and keep their order.
        std::vector<Labels> labels;
        for (std::size_t i = 0; i < refs.size(); ++i) {
            if (i == 0 || refs[i].rank != refs[i - 1].rank) {
                labels.push_back(streams_[at(refs[i]).stream]->labels);
            }
        }
        flushed.streams = static_cast<std::uint32_t>(labels.size());
        write(refs, std::move(labels), flushed);
        return flushed;
    }

  private:
    [[nodiscard]] const block::Row& at(const RowRef& r) const {
        return groups_[r.group]->rows[r.row];
    }

    // Of two rows of one stream.
    [[nodiscard]] bool before(const RowRef& a, const RowRef& b) const {
        return a.time != b.time ? a.time < b.time : at(a).sequence < at(b).sequence;
    }

    void write(const std::vector<RowRef>& refs,
               std::vector<Labels> labels,
               FlushedSegment& flushed) const {
        for (const RowRef& ref : refs) {
            flushed.line_bytes += ref.line_bytes;
        }
        segment::SegmentWriter writer(std::move(labels), flushed.line_bytes);
        flushed.rows = refs.size();
        flushed.min_time = Timestamp::max();
        flushed.max_time = Timestamp::min();
        std::uint32_t ordinal = 0;
        for (std::size_t i = 0; i < refs.size(); ++i) {
            // Neighbours in a stream lie apart in memory.
            if (i + kAhead < refs.size()) {
                __builtin_prefetch(&at(refs[i + kAhead]));
            }
            block::Row row = at(refs[i]);
            ordinal += i > 0 && refs[i].rank != refs[i - 1].rank ? 1U : 0U;
            row.stream = ordinal;
            writer.add(row);
            flushed.min_time = std::min(flushed.min_time, row.time);
            flushed.max_time = std::max(flushed.max_time, row.time);
        }
        flushed.bytes = writer.finish();
    }

    const std::vector<std::shared_ptr<const HeadStream>>& streams_;
    const std::vector<std::shared_ptr<const RowGroup>>& groups_;
    std::vector<std::uint32_t> rank_;  // per stream
};

}  // namespace

Status flush_groups(const std::vector<std::shared_ptr<const HeadStream>>& streams,
                    const std::vector<std::shared_ptr<const RowGroup>>& groups,
                    const HiddenRows& hidden,
                    const std::function<Status(FlushedSegment)>& put) {
    const Flush flush(streams, groups);
    auto days = flush.days(hidden);
    std::uint64_t duplicates = 0;  // that the groups dropped
    for (const auto& group : groups) {
        duplicates += group->duplicates;
    }
    while (!days.empty()) {
        FlushedSegment segment = flush.segment(std::move(days.begin()->second));
        segment.duplicates += std::exchange(duplicates, 0);
        LOGI_RETURN_IF_ERROR(put(std::move(segment)));
        days.erase(days.begin());
    }
    return absl::OkStatus();
}

}  // namespace logi::head
