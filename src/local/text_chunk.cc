#include "local/text_chunk.h"

#include "absl/strings/str_cat.h"
#include "head/head_source.h"
#include "head/sorted_rows.h"
#include "regex/line_filter.h"

#include <algorithm>

namespace logi::local {
namespace {

// Whether no line of the text can pass.
bool passes_nowhere(std::string_view text, const regex::LineFilter& filter) {
    const auto& required = filter.required();
    return !filter.negated() && !required.empty() &&
           std::none_of(required.begin(), required.end(), [&](const regex::Literal& literal) {
               return regex::contains(text, literal);
           });
}

class ChunkReader final : public block::BlockReader {
  public:
    explicit ChunkReader(ChunkRows chunk) : chunk_(std::move(chunk)) {}

    [[nodiscard]] const block::BlockStats& stats() const override { return chunk_.stats; }
    StatusOr<absl::Span<const std::uint32_t>> streams() override {
        LOGI_RETURN_IF_ERROR(load());
        return rows_->streams();
    }
    StatusOr<absl::Span<const Timestamp>> times() override {
        LOGI_RETURN_IF_ERROR(load());
        return rows_->times();
    }
    StatusOr<absl::Span<const Sequence>> sequences() override {
        LOGI_RETURN_IF_ERROR(load());
        return rows_->sequences();
    }
    StatusOr<absl::Span<const std::uint32_t>> line_lengths() override {
        LOGI_RETURN_IF_ERROR(load());
        return rows_->line_lengths();
    }
    StatusOr<absl::Span<const block::MinuteStats>> minutes() override {
        return absl::Span<const block::MinuteStats>();
    }
    Status filter(const regex::LineFilter& filter, std::vector<std::uint32_t>& rows) override {
        if (rows_ == nullptr && passes_nowhere(*chunk_.text, filter)) {
            rows.clear();
            return absl::OkStatus();
        }
        LOGI_RETURN_IF_ERROR(load());
        return rows_->filter(filter, rows);
    }
    StatusOr<std::string_view> line(std::uint32_t row) override {
        LOGI_RETURN_IF_ERROR(load());
        return rows_->line(row);
    }
    Status metadata(std::uint32_t /*row*/, std::vector<MetadataView>& out) override {
        out.clear();
        return absl::OkStatus();
    }

  private:
    Status load() {
        if (rows_ != nullptr) {
            return absl::OkStatus();
        }
        auto group = std::make_shared<head::RowGroup>();
        group->rows.reserve(chunk_.stats.rows);
        Timestamp time = chunk_.before;
        for_each_line(*chunk_.text, [&](std::string_view line) {
            time = chunk_.times.of(line).value_or(time);
            block::Row row;
            row.time = time;
            row.sequence = {1, chunk_.position, static_cast<std::uint32_t>(group->rows.size())};
            row.line = line;
            group->rows.push_back(row);
        });
        const auto earlier = [](const block::Row& a, const block::Row& b) {
            return a.time < b.time;
        };
        if (!std::is_sorted(group->rows.begin(), group->rows.end(), earlier)) {
            std::stable_sort(group->rows.begin(), group->rows.end(), earlier);
        }
        if (group->rows.empty() || head::stats_of(group->rows) != chunk_.stats) {
            return absl::DataLossError(
                absl::StrCat(chunk_.name, " has changed while it was read; a part is left out"));
        }
        group->records.push_back(chunk_.text);
        group->stats = chunk_.stats;
        rows_ = head::read_group(std::move(group));
        return absl::OkStatus();
    }

    ChunkRows chunk_;
    std::unique_ptr<block::BlockReader> rows_;
};

}  // namespace

LineTime find_times(std::string_view text, const TimeOptions& options, Timestamp reference) {
    constexpr std::size_t kSampleLines = 256;
    std::vector<std::string_view> sample;
    for_each_line(text.substr(0, kSampleBytes), [&](std::string_view line) {
        if (sample.size() < kSampleLines) {
            sample.push_back(line);
        }
    });
    return LineTime::find_out(sample, options, reference);
}

ChunkStats look_at(std::string_view text, LineTime& times) {
    ChunkStats stats;
    for_each_line(text, [&](std::string_view line) {
        ++stats.rows;
        stats.line_bytes += line.size();
        const auto time = times.of(line);
        if (!time.has_value()) {
            stats.rows_before_times += stats.times.has_value() ? 0U : 1U;
            return;
        }
        if (!stats.times.has_value()) {
            stats.times = {*time, *time, *time, *time};
        }
        stats.times->min = std::min(stats.times->min, *time);
        stats.times->max = std::max(stats.times->max, *time);
        stats.times->last = *time;
    });
    return stats;
}

std::unique_ptr<block::BlockReader> read_chunk(ChunkRows rows) {
    return std::make_unique<ChunkReader>(std::move(rows));
}

}  // namespace logi::local
