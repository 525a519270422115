#include "exec/visible_block.h"

#include "exec/pipeline.h"

namespace logi::exec {
namespace {

// Finds the rows of a block that are hidden.
class RowHider {
  public:
    explicit RowHider(block::BlockReader& block) : block_(block) {}

    Status load() {
        LOGI_ASSIGN_OR_RETURN(streams_, block_.streams());
        LOGI_ASSIGN_OR_RETURN(times_, block_.times());
        hidden_.resize(times_.size(), false);
        return absl::OkStatus();
    }

    Status hide(const HiddenOfStream& what) {
        const auto [begin, end] = std::equal_range(streams_.begin(), streams_.end(), what.stream);
        const auto first = static_cast<std::uint32_t>(begin - streams_.begin());
        const auto after = static_cast<std::uint32_t>(end - streams_.begin());
        for (std::uint32_t row = first; row < after; ++row) {
            hidden_[row] = hidden_[row] || times_[row] < what.kept_from;
        }
        for (const HideRule* rule : what.rules) {
            LOGI_RETURN_IF_ERROR(apply(*rule, what.labels, first, after));
        }
        return absl::OkStatus();
    }

    [[nodiscard]] std::vector<bool> hidden() && { return std::move(hidden_); }

  private:
    Status apply(const HideRule& rule,
                 const Labels& labels,
                 std::uint32_t first,
                 std::uint32_t after) {
        std::vector<std::uint32_t> rows;
        for (std::uint32_t row = first; row < after; ++row) {
            if (!hidden_[row] && times_[row] >= rule.first && times_[row] <= rule.last) {
                rows.push_back(row);
            }
        }
        if (!rows.empty() && !rule.arrived.empty()) {
            LOGI_ASSIGN_OR_RETURN(const auto sequences, block_.sequences());
            std::erase_if(rows, [&](std::uint32_t row) { return !rule.covers(sequences[row]); });
        }
        if (rule.pipeline != nullptr) {
            for (const auto& filter : rule.pipeline->block_filters()) {
                if (!rows.empty()) {
                    LOGI_RETURN_IF_ERROR(block_.filter(filter, rows));
                }
            }
            if (!rule.pipeline->empty()) {
                LOGI_RETURN_IF_ERROR(process(*rule.pipeline, labels, rows));
            }
        }
        for (const std::uint32_t row : rows) {
            hidden_[row] = true;
        }
        return absl::OkStatus();
    }

    Status process(const Pipeline& pipeline,
                   const Labels& labels,
                   std::vector<std::uint32_t>& rows) {
        std::vector<MetadataView> metadata;
        std::vector<std::uint32_t> passed;
        for (const std::uint32_t row : rows) {
            LOGI_RETURN_IF_ERROR(block_.metadata(row, metadata));
            entry_.labels.begin(labels, metadata);
            entry_.time = times_[row];
            LOGI_ASSIGN_OR_RETURN(entry_.line, block_.line(row));
            if (pipeline.process(entry_)) {
                passed.push_back(row);
            }
        }
        rows = std::move(passed);
        return absl::OkStatus();
    }

    block::BlockReader& block_;
    absl::Span<const std::uint32_t> streams_;
    absl::Span<const Timestamp> times_;
    std::vector<bool> hidden_;
    Entry entry_;
};

class VisibleBlock final : public block::BlockReader {
  public:
    VisibleBlock(std::unique_ptr<block::BlockReader> inner, std::vector<std::uint32_t> rows)
        : inner_(std::move(inner)), rows_(std::move(rows)), stats_(inner_->stats()) {
        stats_.rows = static_cast<std::uint32_t>(rows_.size());
    }

    [[nodiscard]] const block::BlockStats& stats() const override { return stats_; }
    StatusOr<absl::Span<const std::uint32_t>> streams() override {
        return shown(inner_->streams(), streams_);
    }
    StatusOr<absl::Span<const Timestamp>> times() override {
        return shown(inner_->times(), times_);
    }
    StatusOr<absl::Span<const Sequence>> sequences() override {
        return shown(inner_->sequences(), sequences_);
    }
    StatusOr<absl::Span<const std::uint32_t>> line_lengths() override {
        return shown(inner_->line_lengths(), line_lengths_);
    }
    // Those of the block count hidden rows as well.
    StatusOr<absl::Span<const block::MinuteStats>> minutes() override {
        return absl::Span<const block::MinuteStats>();
    }
    Status filter(const regex::LineFilter& filter, std::vector<std::uint32_t>& rows) override {
        std::vector<std::uint32_t> passed;
        passed.reserve(rows.size());
        for (const std::uint32_t row : rows) {
            passed.push_back(rows_[row]);
        }
        LOGI_RETURN_IF_ERROR(inner_->filter(filter, passed));
        auto next = passed.begin();  // both ascend
        std::erase_if(rows, [&](std::uint32_t row) {
            const bool passes = next != passed.end() && *next == rows_[row];
            next += passes ? 1 : 0;
            return !passes;
        });
        return absl::OkStatus();
    }
    StatusOr<std::string_view> line(std::uint32_t row) override { return inner_->line(rows_[row]); }
    Status metadata(std::uint32_t row, std::vector<MetadataView>& out) override {
        return inner_->metadata(rows_[row], out);
    }

  private:
    template <typename T>
    StatusOr<absl::Span<const T>> shown(StatusOr<absl::Span<const T>> all, std::vector<T>& column) {
        LOGI_RETURN_IF_ERROR(all.status());
        if (column.empty()) {
            column.reserve(rows_.size());
            for (const std::uint32_t row : rows_) {
                column.push_back((*all)[row]);
            }
        }
        return absl::MakeConstSpan(column);
    }

    std::unique_ptr<block::BlockReader> inner_;
    std::vector<std::uint32_t> rows_;  // of inner_
    block::BlockStats stats_;
    std::vector<std::uint32_t> streams_;
    std::vector<Timestamp> times_;
    std::vector<Sequence> sequences_;
    std::vector<std::uint32_t> line_lengths_;
};

}  // namespace

StatusOr<std::vector<bool>> hidden_of_block(block::BlockReader& reader,
                                            const std::vector<HiddenOfStream>& hidden) {
    RowHider hider(reader);
    LOGI_RETURN_IF_ERROR(hider.load());
    for (const HiddenOfStream& what : hidden) {
        LOGI_RETURN_IF_ERROR(hider.hide(what));
    }
    return std::move(hider).hidden();
}

StatusOr<std::unique_ptr<block::BlockReader>> visible_block(
    std::unique_ptr<block::BlockReader> reader, const std::vector<HiddenOfStream>& hidden) {
    LOGI_ASSIGN_OR_RETURN(const auto hides, hidden_of_block(*reader, hidden));
    std::vector<std::uint32_t> shown;
    for (std::uint32_t row = 0; row < hides.size(); ++row) {
        if (!hides[row]) {
            shown.push_back(row);
        }
    }
    return std::unique_ptr<block::BlockReader>(
        std::make_unique<VisibleBlock>(std::move(reader), std::move(shown)));
}

}  // namespace logi::exec
