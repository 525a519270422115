// Lines one after another in a zstd frame, and their lengths.
#include "base/bytes.h"
#include "block/stored_lines.h"
#include "codec/compress.h"
#include "regex/line_filter.h"
#include "regex/substring.h"

#include <optional>

namespace logi::block {
namespace {

class ZstdLines final : public StoredLines {
  public:
    explicit ZstdLines(LinesStart start) : stats_(start.stats), source_(start.source) {}

    StatusOr<absl::Span<const std::uint32_t>> lengths() override;
    Status filter(const regex::LineFilter& filter, std::vector<std::uint32_t>& rows) override;
    StatusOr<std::string_view> line(std::uint32_t row) override;
    StatusOr<std::vector<ColumnNote>> describe() override { return std::vector<ColumnNote>(); }

  private:
    StatusOr<base::Buffer> load(Column column) {
        LOGI_ASSIGN_OR_RETURN(const std::string bytes, source_.column(column));
        return bytes.empty() ? base::Buffer() : codec::decompress(bytes);
    }
    [[nodiscard]] std::string_view text() const { return lines_->view(); }
    Status load_text();
    Status load_lines();
    [[nodiscard]] std::string_view line_at(std::uint32_t row) const {
        return text().substr(line_ends_[row], line_ends_[row + 1] - line_ends_[row]);
    }
    Status filter_whole_text(const std::vector<regex::Literal>& any_of,
                             bool negated,
                             std::vector<std::uint32_t>& rows);

    const BlockStats stats_;
    const BlockSource& source_;
    std::vector<std::uint32_t> line_lengths_;
    std::optional<base::Buffer> lines_;
    std::vector<std::uint64_t> line_ends_;  // rows + 1 offsets into lines_; empty: not loaded
};

StatusOr<absl::Span<const std::uint32_t>> ZstdLines::lengths() {
    if (line_lengths_.empty()) {
        LOGI_ASSIGN_OR_RETURN(const base::Buffer raw, load(kLineLengths));
        base::ByteReader r(raw.view());
        std::vector<std::uint32_t> lengths(stats_.rows);
        std::uint64_t left = stats_.line_bytes;
        for (auto& length : lengths) {
            const std::uint64_t value = r.varint();
            if (value > left || value > std::numeric_limits<std::uint32_t>::max()) {
                return malformed("a length");
            }
            left -= value;
            length = static_cast<std::uint32_t>(value);
        }
        if (!r.ok() || !r.done() || left != 0) {
            return malformed("a length");
        }
        line_lengths_ = std::move(lengths);
    }
    return absl::MakeConstSpan(line_lengths_);
}

Status ZstdLines::load_text() {
    if (!lines_) {
        LOGI_ASSIGN_OR_RETURN(base::Buffer lines, load(kLines));
        if (lines.size() != stats_.line_bytes) {
            return malformed("the text");
        }
        lines_ = std::move(lines);
    }
    return absl::OkStatus();
}

Status ZstdLines::load_lines() {
    if (!line_ends_.empty()) {
        return absl::OkStatus();
    }
    LOGI_RETURN_IF_ERROR(load_text());
    LOGI_ASSIGN_OR_RETURN(const auto sizes, lengths());
    std::vector<std::uint64_t> ends = {0};
    ends.reserve(stats_.rows + 1);
    for (const std::uint32_t length : sizes) {
        ends.push_back(ends.back() + length);
    }
    line_ends_ = std::move(ends);
    return absl::OkStatus();
}

// One search over the text of all lines instead of one per line. Where lines end matters only once
// a needle is found.
Status ZstdLines::filter_whole_text(const std::vector<regex::Literal>& any_of,
                                    bool negated,
                                    std::vector<std::uint32_t>& rows) {
    LOGI_RETURN_IF_ERROR(load_text());
    std::vector<bool> hit;
    for (const regex::Literal& needle : any_of) {
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
            if (at + needle.text.size() <= line_ends_[row + 1]) {
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

Status ZstdLines::filter(const regex::LineFilter& filter, std::vector<std::uint32_t>& rows) {
    const std::vector<regex::Literal>* plain = filter.plain();
    const bool dense = rows.size() > stats_.rows / 4;
    const bool has_empty =
        plain != nullptr &&
        std::any_of(plain->begin(), plain->end(), [](const auto& p) { return p.text.empty(); });
    if (plain != nullptr && dense && !has_empty) {
        return filter_whole_text(*plain, filter.negated(), rows);
    }
    LOGI_RETURN_IF_ERROR(load_lines());
    std::erase_if(rows, [&](std::uint32_t row) { return !filter.passes(line_at(row)); });
    return absl::OkStatus();
}

StatusOr<std::string_view> ZstdLines::line(std::uint32_t row) {
    LOGI_RETURN_IF_ERROR(load_lines());
    return line_at(row);
}

}  // namespace

StatusOr<std::unique_ptr<StoredLines>> open_zstd_lines(LinesStart start) {
    return std::make_unique<ZstdLines>(std::move(start));
}

}  // namespace logi::block
