#include "block/line_encoder.h"

#include "block/block_format.h"
#include "block/parts.h"
#include "codec/compress.h"

namespace logi::block {
namespace {

// With more than this share of the bytes in lines of no kind, templates do not pay.
constexpr double kRestShareMax = 0.5;
constexpr std::size_t kAhead = 4;  // lines fetched before they are needed
// Once templates did not pay, so many rows, one in so many, have to show that they would.
constexpr std::size_t kSampledRowsMin = 1024;
constexpr std::size_t kSampledShare = 16;
// With so little text it does not matter how small it becomes, but queries like columns all the
// same.
constexpr std::size_t kSmallTextBytes = 128U << 10U;
// What is compressed to guess what zstd would make of all, and how far off the guess may be.
constexpr std::size_t kPieces = 8;
constexpr std::size_t kPieceBytes = 8U << 10U;
constexpr double kDoubt = 1.5;

}  // namespace

bool LineEncoder::gather(absl::Span<const Row> rows) {
    std::size_t bytes = 0;
    for (const Row& row : rows) {
        bytes += row.line.size();
    }
    if (bytes + rows.size() > GatheredText::kBytesMax) {
        return false;
    }
    text_.begin(rows.size(), bytes);
    lines_.resize(rows.size());
    times_.resize(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
        // Lines of a stream lie apart in memory.
        if (i + kAhead < rows.size()) {
            __builtin_prefetch(rows[i + kAhead].line.data());
        }
        lines_[i] = text_.add(rows[i].line);
        times_[i] = rows[i].time;
    }
    text_.finish();
    return true;
}

std::optional<EncodedColumns> LineEncoder::encode(absl::Span<const Row> rows) {
    if (!gather(rows)) {
        return std::nullopt;
    }
    const bool small = text_.bytes() < kSmallTextBytes;
    if (lost_ && !small && rows.size() >= kSampledRowsMin) {
        const std::size_t size = rows.size() / kSampledShare;
        const Range sample{(rows.size() - size) / 2, size};
        const auto encoded = encode(sample);
        if (!encoded || !pays(*encoded, sample)) {
            return std::nullopt;
        }
    }
    const Range all{0, rows.size()};
    auto encoded = encode(all);
    lost_ = !encoded || (!small && !pays(*encoded, all));
    return lost_ ? std::nullopt : std::move(encoded);
}

std::optional<EncodedColumns> LineEncoder::encode(Range range) {
    const auto lines = absl::MakeConstSpan(lines_).subspan(range.first, range.size);
    const auto times = absl::MakeConstSpan(times_).subspan(range.first, range.size);
    const MaskedText text = text_.masked();
    set_.begin(text);
    for (std::size_t i = 0; i < lines.size(); ++i) {
        set_.add(static_cast<std::uint32_t>(i), lines[i]);
    }
    set_.finish();
    std::size_t rest_bytes = 0;
    for (const std::uint32_t row : set_.rest()) {
        rest_bytes += lines[row].size + 1;
    }
    if (static_cast<double>(rest_bytes) >
        kRestShareMax * static_cast<double>(text_of(range).size())) {
        return std::nullopt;
    }
    PartWriter parts;
    parts.begin_pool();
    writer_.begin(text, parts);
    std::string columns;
    writer_.write_lines({lines, times}, set_, columns);
    return parts.finish(columns);
}

std::string_view LineEncoder::text_of(Range range) const {
    return text_.between(lines_[range.first], lines_[range.first + range.size - 1]);
}

bool LineEncoder::pays(const EncodedColumns& lines, Range range) const {
    const std::string_view text = text_of(range);
    // Pieces of the text tell about how small zstd would be. Only where that leaves a doubt all of
    // it is tried.
    std::string pieces;
    for (std::size_t i = 0; i < kPieces; ++i) {
        pieces.append(text.substr(text.size() / kPieces * i, kPieceBytes));
    }
    std::string tried;
    codec::append_zstd(pieces, tried);
    const double expected = static_cast<double>(tried.size()) * static_cast<double>(text.size()) /
                            static_cast<double>(pieces.size());
    if (static_cast<double>(lines.data.size() + lines.tree.size()) * kDoubt < expected) {
        return true;
    }
    tried.clear();
    codec::append_zstd(text, tried, kTextLevel);
    return lines.data.size() + codec::compress(lines.tree).size() <= tried.size();
}

}  // namespace logi::block
