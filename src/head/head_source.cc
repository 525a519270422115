#include "head/head_source.h"

#include "base/check.h"
#include "regex/line_filter.h"

#include <tuple>

namespace logi::head {
namespace {

// Reads rows that lie in memory as they are.
class HeadBlockReader final : public block::BlockReader {
  public:
    explicit HeadBlockReader(std::shared_ptr<const RowGroup> group) : group_(std::move(group)) {}

    [[nodiscard]] const block::BlockStats& stats() const override { return group_->stats; }

    StatusOr<absl::Span<const std::uint32_t>> streams() override {
        fill(streams_, [](const block::Row& row) { return row.stream; });
        return absl::MakeConstSpan(streams_);
    }
    StatusOr<absl::Span<const Timestamp>> times() override {
        fill(times_, [](const block::Row& row) { return row.time; });
        return absl::MakeConstSpan(times_);
    }
    StatusOr<absl::Span<const Sequence>> sequences() override {
        fill(sequences_, [](const block::Row& row) { return row.sequence; });
        return absl::MakeConstSpan(sequences_);
    }
    StatusOr<absl::Span<const std::uint32_t>> line_lengths() override {
        fill(line_lengths_,
             [](const block::Row& row) { return static_cast<std::uint32_t>(row.line.size()); });
        return absl::MakeConstSpan(line_lengths_);
    }
    // The rows are at hand.
    StatusOr<absl::Span<const block::MinuteStats>> minutes() override {
        return absl::Span<const block::MinuteStats>();
    }
    Status filter(const regex::LineFilter& filter, std::vector<std::uint32_t>& rows) override {
        std::erase_if(rows, [&](std::uint32_t row) { return !filter.passes(at(row).line); });
        return absl::OkStatus();
    }
    StatusOr<std::string_view> line(std::uint32_t row) override { return at(row).line; }
    Status metadata(std::uint32_t row, std::vector<MetadataView>& out) override {
        const block::Row& r = at(row);
        out.assign(r.metadata, r.metadata + r.metadata_count);
        return absl::OkStatus();
    }

  private:
    [[nodiscard]] const block::Row& at(std::uint32_t row) const {
        LOGI_CHECK(row < group_->rows.size());
        return group_->rows[row];
    }
    template <typename T, typename F>
    void fill(std::vector<T>& column, F value_of) {
        if (column.empty()) {
            column.reserve(group_->rows.size());
            for (const auto& row : group_->rows) {
                column.push_back(value_of(row));
            }
        }
    }

    std::shared_ptr<const RowGroup> group_;
    std::vector<std::uint32_t> streams_;
    std::vector<Timestamp> times_;
    std::vector<Sequence> sequences_;
    std::vector<std::uint32_t> line_lengths_;
};

// The streams of a source, which must outlive it.
class HeadStreams final : public segment::SelectedStreams {
  public:
    explicit HeadStreams(const std::vector<std::shared_ptr<const HeadStream>>& streams)
        : streams_(streams) {}
    [[nodiscard]] Labels labels(std::uint32_t stream) const override {
        return streams_[stream]->labels;
    }
    [[nodiscard]] StreamId id(std::uint32_t stream) const override { return streams_[stream]->id; }

  private:
    const std::vector<std::shared_ptr<const HeadStream>>& streams_;
};

}  // namespace

HeadSource::HeadSource(std::vector<std::shared_ptr<const HeadStream>> streams,
                       std::vector<std::shared_ptr<const RowGroup>> groups,
                       std::string name)
    : streams_(std::move(streams)), groups_(std::move(groups)), name_(std::move(name)) {
    for (std::uint32_t i = 0; i < groups_.size(); ++i) {
        stats_.push_back(groups_[i]->stats);
        for (segment::StreamExtent extent : groups_[i]->extents) {
            extent.block = i;
            extents_.push_back(extent);
        }
    }
    std::sort(extents_.begin(), extents_.end(), [](const auto& a, const auto& b) {
        return std::tie(a.stream, a.block) < std::tie(b.stream, b.block);
    });
}

StatusOr<segment::Selection> HeadSource::select(const std::vector<Matcher>& matchers,
                                                Timestamp first,
                                                Timestamp last) const {
    std::vector<segment::StreamExtent> extents;
    for (std::size_t begin = 0; begin < extents_.size();) {
        const std::uint32_t stream = extents_[begin].stream;
        const bool matches = matches_all(matchers, streams_[stream]->labels);
        for (; begin < extents_.size() && extents_[begin].stream == stream; ++begin) {
            const segment::StreamExtent& e = extents_[begin];
            if (matches && e.min_time <= last && first <= e.max_time) {
                extents.push_back(e);
            }
        }
    }
    return segment::Selection(
        *this, std::make_shared<const HeadStreams>(streams_), std::move(extents));
}

StatusOr<std::unique_ptr<block::BlockReader>> HeadSource::open_block(
    std::uint32_t block, std::uint64_t* /*bytes_read*/) const {
    LOGI_CHECK(block < groups_.size());
    return read_group(groups_[block]);
}

std::unique_ptr<block::BlockReader> read_group(std::shared_ptr<const RowGroup> group) {
    return std::make_unique<HeadBlockReader>(std::move(group));
}

}  // namespace logi::head
