#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/check.h"
#include "block/block_format.h"
#include "block/metadata_columns.h"
#include "block/stored_lines.h"
#include "block/times_column.h"
#include "codec/compress.h"

#include <optional>

namespace logi::block {
namespace {

class StoredBlock final : public BlockReader {
  public:
    StoredBlock(const BlockStats& stats,
                BlockForm form,
                std::shared_ptr<const BlockSource> source,
                std::string name)
        : stats_(stats), form_(form), source_(std::move(source)), name_(std::move(name)) {}

    [[nodiscard]] const BlockStats& stats() const override { return stats_; }
    StatusOr<absl::Span<const std::uint32_t>> streams() override;
    StatusOr<absl::Span<const Timestamp>> times() override;
    StatusOr<absl::Span<const Sequence>> sequences() override;
    StatusOr<absl::Span<const std::uint32_t>> line_lengths() override;
    StatusOr<absl::Span<const MinuteStats>> minutes() override;
    Status filter(const regex::LineFilter& filter, std::vector<std::uint32_t>& rows) override;
    StatusOr<std::string_view> line(std::uint32_t row) override;
    Status metadata(std::uint32_t row, std::vector<MetadataView>& out) override;
    StatusOr<std::optional<absl::Span<const std::string_view>>> metadata_names() override;
    StatusOr<LineTemplates*> templates() override;
    [[nodiscard]] Status located(const Status& status) const override { return named(status); }
    StatusOr<std::vector<ColumnNote>> describe_lines() override;

  private:
    StatusOr<base::Buffer> load(Column column) {
        LOGI_ASSIGN_OR_RETURN(const std::string bytes, source_->column(column));
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
    // What the lines' columns say, with the block's name and where they are.
    [[nodiscard]] Status named(const Status& status) const {
        return absl::IsDataLoss(status) && !absl::StartsWith(status.message(), name_)
                   ? absl::DataLossError(absl::StrCat(name_,
                                                      ": lines at offset ",
                                                      source_->offset(kLines),
                                                      ": ",
                                                      std::string(status.message())))
                   : status;
    }
    StatusOr<StoredLines*> lines();
    Status decode_times_by_row(std::string_view raw);
    Status load_metadata();

    BlockStats stats_;
    BlockForm form_;
    std::shared_ptr<const BlockSource> source_;
    std::string name_;
    std::unique_ptr<StoredLines> lines_;
    std::vector<std::uint32_t> streams_;
    std::vector<Timestamp> times_;
    std::vector<Sequence> sequences_;
    std::optional<std::vector<MinuteStats>> minutes_;
    std::shared_ptr<const MetadataHead> metadata_head_;
    std::optional<MetadataTable> metadata_;
};

StatusOr<absl::Span<const std::uint32_t>> StoredBlock::streams() {
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

StatusOr<absl::Span<const Timestamp>> StoredBlock::times() {
    if (times_.empty()) {
        LOGI_ASSIGN_OR_RETURN(const base::Buffer raw, load(kTimes));
        if (form_.by_row) {
            LOGI_RETURN_IF_ERROR(decode_times_by_row(raw.view()));
        } else {
            LOGI_ASSIGN_OR_RETURN(const auto of_row, streams());
            auto times = decode_times(raw.view(), of_row);
            if (!times.ok()) {
                return damaged(kTimes);
            }
            times_ = *std::move(times);
        }
    }
    return absl::MakeConstSpan(times_);
}

Status StoredBlock::decode_times_by_row(std::string_view raw) {
    base::ByteReader r(raw);
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
    return absl::OkStatus();
}

StatusOr<absl::Span<const Sequence>> StoredBlock::sequences() {
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

StatusOr<absl::Span<const MinuteStats>> StoredBlock::minutes() {
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

StatusOr<StoredLines*> StoredBlock::lines() {
    if (!lines_) {
        LinesStart start{stats_, *source_, [this] {
                             return times();
                         }};
        auto opened = form_.line_kind == kTemplateLines ? open_template_lines(std::move(start))
                                                        : open_zstd_lines(std::move(start));
        if (!opened.ok()) {
            return named(opened.status());
        }
        lines_ = *std::move(opened);
    }
    return lines_.get();
}

StatusOr<absl::Span<const std::uint32_t>> StoredBlock::line_lengths() {
    LOGI_ASSIGN_OR_RETURN(StoredLines* const all, lines());
    auto lengths = all->lengths();
    return lengths.ok() ? lengths : named(lengths.status());
}

Status StoredBlock::filter(const regex::LineFilter& filter, std::vector<std::uint32_t>& rows) {
    LOGI_ASSIGN_OR_RETURN(StoredLines* const all, lines());
    return named(all->filter(filter, rows));
}

StatusOr<std::string_view> StoredBlock::line(std::uint32_t row) {
    LOGI_CHECK(row < stats_.rows);
    LOGI_ASSIGN_OR_RETURN(StoredLines* const all, lines());
    auto text = all->line(row);
    return text.ok() ? text : named(text.status());
}

// They come first, so that the rest can stay packed.
StatusOr<std::optional<absl::Span<const std::string_view>>> StoredBlock::metadata_names() {
    if (form_.by_row) {
        return std::nullopt;
    }
    if (metadata_head_ == nullptr) {
        auto kept = kept_by(
            *source_, kMetadata, [](base::Buffer tree) -> StatusOr<std::shared_ptr<const Kept>> {
                return MetadataHead::open(std::move(tree));
            });
        if (!kept.ok()) {
            return absl::IsDataLoss(kept.status()) ? damaged(kMetadata) : kept.status();
        }
        metadata_head_ = std::static_pointer_cast<const MetadataHead>(*std::move(kept));
    }
    return absl::MakeConstSpan(metadata_head_->names);
}

StatusOr<LineTemplates*> StoredBlock::templates() {
    LOGI_ASSIGN_OR_RETURN(StoredLines* const all, lines());
    return all->templates();
}

StatusOr<std::vector<ColumnNote>> StoredBlock::describe_lines() {
    LOGI_ASSIGN_OR_RETURN(StoredLines* const all, lines());
    auto notes = all->describe();
    return notes.ok() ? notes : named(notes.status());
}

Status StoredBlock::load_metadata() {
    if (metadata_) {
        return absl::OkStatus();
    }
    LOGI_ASSIGN_OR_RETURN(base::Buffer raw, load(kMetadata));
    if (raw.size() == 0) {
        metadata_.emplace();
        return absl::OkStatus();
    }
    auto table = form_.by_row ? MetadataTable::decode_pairs(std::move(raw), stats_.rows)
                              : MetadataTable::decode(
                                    std::string(raw.view()),
                                    [this](std::uint64_t offset, std::uint64_t length) {
                                        return source_->range(kMetadataParts, offset, length);
                                    },
                                    [this] { return times(); },
                                    stats_.rows);
    if (!table.ok()) {
        return absl::IsDataLoss(table.status()) ? damaged(kMetadata) : table.status();
    }
    metadata_ = *std::move(table);
    return absl::OkStatus();
}

Status StoredBlock::metadata(std::uint32_t row, std::vector<MetadataView>& out) {
    LOGI_CHECK(row < stats_.rows);
    LOGI_RETURN_IF_ERROR(load_metadata());
    const auto pairs = metadata_->of(row);
    out.assign(pairs.begin(), pairs.end());
    return absl::OkStatus();
}

}  // namespace

std::unique_ptr<BlockReader> open_block(const BlockStats& stats,
                                        BlockForm form,
                                        std::shared_ptr<const BlockSource> source,
                                        std::string name) {
    return std::make_unique<StoredBlock>(stats, form, std::move(source), std::move(name));
}

}  // namespace logi::block
