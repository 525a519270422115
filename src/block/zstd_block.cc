#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/check.h"
#include "block/block_format.h"
#include "codec/compress.h"
#include "regex/line_filter.h"
#include "regex/substring.h"

#include <optional>

namespace logi::block {
namespace {

class ZstdBlockReader final : public BlockReader {
  public:
    ZstdBlockReader(const BlockStats& stats, ColumnSource source, std::string name)
        : stats_(stats), source_(std::move(source)), name_(std::move(name)) {}

    [[nodiscard]] const BlockStats& stats() const override { return stats_; }
    StatusOr<absl::Span<const std::uint32_t>> streams() override;
    StatusOr<absl::Span<const Timestamp>> times() override;
    StatusOr<absl::Span<const Sequence>> sequences() override;
    StatusOr<absl::Span<const std::uint32_t>> line_lengths() override;
    StatusOr<absl::Span<const MinuteStats>> minutes() override;
    Status filter(const regex::LineFilter& filter, std::vector<std::uint32_t>& rows) override;
    StatusOr<std::string_view> line(std::uint32_t row) override;
    Status metadata(std::uint32_t row, std::vector<MetadataView>& out) override;

  private:
    StatusOr<base::Buffer> load(Column column) {
        LOGI_ASSIGN_OR_RETURN(const std::string bytes, source_(column));
        if (bytes.empty()) {
            return base::Buffer();
        }
        auto raw = codec::decompress(bytes);
        if (!raw.ok()) {
            return damaged(column);
        }
        return raw;
    }
    [[nodiscard]] Status damaged(Column column) const {
        return absl::DataLossError(
            absl::StrCat(name_, ": column '", std::string(kColumnNames[column]), "' is damaged"));
    }
    [[nodiscard]] std::string_view text() const { return lines_->view(); }
    Status load_text();
    Status load_lines();
    Status load_metadata();
    [[nodiscard]] std::string_view line_at(std::uint32_t row) const {
        return text().substr(line_ends_[row], line_ends_[row + 1] - line_ends_[row]);
    }
    Status filter_whole_text(const std::vector<std::string>& any_of,
                             bool negated,
                             std::vector<std::uint32_t>& rows);

    BlockStats stats_;
    ColumnSource source_;
    std::string name_;
    std::vector<std::uint32_t> streams_;
    std::vector<Timestamp> times_;
    std::vector<Sequence> sequences_;
    std::vector<std::uint32_t> line_lengths_;
    std::optional<std::vector<MinuteStats>> minutes_;
    std::optional<base::Buffer> lines_;
    std::vector<std::uint64_t> line_ends_;  // rows + 1 offsets into lines_; empty: not loaded
    bool metadata_loaded_ = false;
    base::Buffer metadata_;
    std::vector<MetadataView> pairs_;
    std::vector<std::uint32_t> pairs_begin_;  // rows + 1; empty: no row has any
};

StatusOr<absl::Span<const std::uint32_t>> ZstdBlockReader::streams() {
    if (streams_.empty()) {
        LOGI_ASSIGN_OR_RETURN(const base::Buffer raw, load(kStreams));
        base::ByteReader r(raw.view());
        std::vector<std::uint32_t> streams;
        streams.reserve(stats_.rows);
        std::uint64_t stream = 0;
        while (streams.size() < stats_.rows) {
            stream += r.varint();
            const std::uint64_t count = r.varint();
            if (!r.ok() || count == 0 || count > stats_.rows - streams.size() ||
                stream > stats_.last_stream) {
                return damaged(kStreams);
            }
            streams.insert(streams.end(), count, static_cast<std::uint32_t>(stream));
        }
        if (!r.done()) {
            return damaged(kStreams);
        }
        streams_ = std::move(streams);
    }
    return absl::MakeConstSpan(streams_);
}

StatusOr<absl::Span<const Timestamp>> ZstdBlockReader::times() {
    if (times_.empty()) {
        LOGI_ASSIGN_OR_RETURN(const base::Buffer raw, load(kTimes));
        base::ByteReader r(raw.view());
        std::vector<Timestamp> times(stats_.rows);
        std::uint64_t ns = 0;
        for (auto& time : times) {
            ns += static_cast<std::uint64_t>(r.zigzag());
            time = {static_cast<std::int64_t>(ns)};
        }
        if (!r.ok() || !r.done()) {
            return damaged(kTimes);
        }
        times_ = std::move(times);
    }
    return absl::MakeConstSpan(times_);
}

StatusOr<absl::Span<const Sequence>> ZstdBlockReader::sequences() {
    if (sequences_.empty()) {
        LOGI_ASSIGN_OR_RETURN(const base::Buffer raw, load(kSequences));
        base::ByteReader r(raw.view());
        std::vector<Sequence> sequences(stats_.rows);
        Sequence s;
        for (auto& sequence : sequences) {
            s.journal += static_cast<std::uint64_t>(r.zigzag());
            s.position += static_cast<std::uint64_t>(r.zigzag());
            s.index += static_cast<std::uint32_t>(r.zigzag());
            sequence = s;
        }
        if (!r.ok() || !r.done()) {
            return damaged(kSequences);
        }
        sequences_ = std::move(sequences);
    }
    return absl::MakeConstSpan(sequences_);
}

StatusOr<absl::Span<const std::uint32_t>> ZstdBlockReader::line_lengths() {
    if (line_lengths_.empty()) {
        LOGI_ASSIGN_OR_RETURN(const base::Buffer raw, load(kLineLengths));
        base::ByteReader r(raw.view());
        std::vector<std::uint32_t> lengths(stats_.rows);
        std::uint64_t left = stats_.line_bytes;
        for (auto& length : lengths) {
            const std::uint64_t value = r.varint();
            if (value > left || value > std::numeric_limits<std::uint32_t>::max()) {
                return damaged(kLineLengths);
            }
            left -= value;
            length = static_cast<std::uint32_t>(value);
        }
        if (!r.ok() || !r.done() || left != 0) {
            return damaged(kLineLengths);
        }
        line_lengths_ = std::move(lengths);
    }
    return absl::MakeConstSpan(line_lengths_);
}

StatusOr<absl::Span<const MinuteStats>> ZstdBlockReader::minutes() {
    if (!minutes_.has_value()) {
        LOGI_ASSIGN_OR_RETURN(const base::Buffer raw, load(kMinutes));
        base::ByteReader r(raw.view());
        std::vector<MinuteStats> minutes;
        MinuteStats minute;
        std::uint64_t rows_left = stats_.rows;
        std::uint64_t bytes_left = stats_.line_bytes;
        while (!r.done() && r.ok()) {
            const std::uint64_t stream = minute.stream + r.varint();
            minute.number += r.zigzag();
            const std::uint64_t rows = r.varint();
            minute.line_bytes = r.varint();
            if (stream > stats_.last_stream || rows == 0 || rows > rows_left ||
                minute.line_bytes > bytes_left) {
                return damaged(kMinutes);
            }
            minute.stream = static_cast<std::uint32_t>(stream);
            minute.rows = static_cast<std::uint32_t>(rows);
            rows_left -= rows;
            bytes_left -= minute.line_bytes;
            minutes.push_back(minute);
        }
        if (!r.ok() || (!minutes.empty() && (rows_left != 0 || bytes_left != 0))) {
            return damaged(kMinutes);
        }
        minutes_ = std::move(minutes);
    }
    return absl::MakeConstSpan(*minutes_);
}

Status ZstdBlockReader::load_text() {
    if (!lines_) {
        LOGI_ASSIGN_OR_RETURN(base::Buffer lines, load(kLines));
        if (lines.size() != stats_.line_bytes) {
            return damaged(kLines);
        }
        lines_ = std::move(lines);
    }
    return absl::OkStatus();
}

Status ZstdBlockReader::load_lines() {
    if (!line_ends_.empty()) {
        return absl::OkStatus();
    }
    LOGI_RETURN_IF_ERROR(load_text());
    LOGI_ASSIGN_OR_RETURN(const auto lengths, line_lengths());
    std::vector<std::uint64_t> ends = {0};
    ends.reserve(stats_.rows + 1);
    for (const std::uint32_t length : lengths) {
        ends.push_back(ends.back() + length);
    }
    line_ends_ = std::move(ends);
    return absl::OkStatus();
}

// One search over the text of all lines instead of one per line. Where lines end matters only once
// a needle is found.
Status ZstdBlockReader::filter_whole_text(const std::vector<std::string>& any_of,
                                          bool negated,
                                          std::vector<std::uint32_t>& rows) {
    LOGI_RETURN_IF_ERROR(load_text());
    std::vector<bool> hit;
    for (const std::string& needle : any_of) {
        std::uint32_t row = 0;
        std::size_t at = 0;
        while ((at = regex::find(text(), needle, at)) != regex::kNotFound) {
            if (hit.empty()) {
                LOGI_RETURN_IF_ERROR(load_lines());
                hit.resize(stats_.rows);
            }
            while (line_ends_[row + 1] <= at) {
                ++row;
            }
            if (at + needle.size() <= line_ends_[row + 1]) {
                hit[row] = true;
                at = line_ends_[row + 1];
            } else {
                ++at;  // it spans two lines
            }
        }
    }
    if (!hit.empty()) {
        std::erase_if(rows, [&](std::uint32_t r) { return hit[r] == negated; });
    } else if (!negated) {
        rows.clear();
    }
    return absl::OkStatus();
}

Status ZstdBlockReader::filter(const regex::LineFilter& filter, std::vector<std::uint32_t>& rows) {
    const std::vector<std::string>* plain = filter.plain();
    const bool dense = rows.size() > stats_.rows / 4;
    const bool has_empty =
        plain != nullptr && std::find(plain->begin(), plain->end(), "") != plain->end();
    if (plain != nullptr && dense && !has_empty) {
        return filter_whole_text(*plain, filter.negated(), rows);
    }
    LOGI_RETURN_IF_ERROR(load_lines());
    std::erase_if(rows, [&](std::uint32_t row) { return !filter.passes(line_at(row)); });
    return absl::OkStatus();
}

StatusOr<std::string_view> ZstdBlockReader::line(std::uint32_t row) {
    LOGI_CHECK(row < stats_.rows);
    LOGI_RETURN_IF_ERROR(load_lines());
    return line_at(row);
}

Status ZstdBlockReader::load_metadata() {
    if (metadata_loaded_) {
        return absl::OkStatus();
    }
    LOGI_ASSIGN_OR_RETURN(metadata_, load(kMetadata));
    if (metadata_.size() > 0) {
        base::ByteReader r(metadata_.view());
        std::vector<std::string_view> names;
        for (std::uint64_t n = r.varint(); n > 0 && r.ok(); --n) {
            names.push_back(r.string());
        }
        pairs_begin_.push_back(0);
        for (std::uint32_t row = 0; row < stats_.rows && r.ok(); ++row) {
            for (std::uint64_t n = r.varint(); n > 0 && r.ok(); --n) {
                const std::uint64_t name = r.varint();
                if (name >= names.size()) {
                    return damaged(kMetadata);
                }
                pairs_.push_back({names[name], r.string()});
            }
            pairs_begin_.push_back(static_cast<std::uint32_t>(pairs_.size()));
        }
        if (!r.ok() || !r.done()) {
            return damaged(kMetadata);
        }
    }
    metadata_loaded_ = true;
    return absl::OkStatus();
}

Status ZstdBlockReader::metadata(std::uint32_t row, std::vector<MetadataView>& out) {
    LOGI_CHECK(row < stats_.rows);
    LOGI_RETURN_IF_ERROR(load_metadata());
    out.clear();
    if (!pairs_begin_.empty()) {
        out.assign(pairs_.begin() + pairs_begin_[row], pairs_.begin() + pairs_begin_[row + 1]);
    }
    return absl::OkStatus();
}

}  // namespace

std::unique_ptr<BlockReader> open_block(const BlockStats& stats,
                                        ColumnSource source,
                                        std::string name) {
    return std::make_unique<ZstdBlockReader>(stats, std::move(source), std::move(name));
}

}  // namespace logi::block
