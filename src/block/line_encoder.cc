#include "block/line_encoder.h"

#include "block/block_format.h"
#include "block/parts.h"
#include "codec/compress.h"

namespace logi::block {
namespace {

// With more than this share of the bytes in lines of no kind, templates do not pay.
constexpr double kRestShareMax = 0.5;
// Letters may take so much of a block.
constexpr std::size_t kLettersShare = 128;
constexpr std::size_t kAhead = 4;  // lines fetched before they are needed
// Once templates did not pay, so many rows, one in so many, have to show that they would.
constexpr std::size_t kSampledRowsMin = 1024;
constexpr std::size_t kSampledShare = 16;
// If hardly any of so many rows, or of such a share of all, are alike, the others are not looked
// at.
constexpr std::size_t kFirstRowsMin = 512;
constexpr std::size_t kAlikeShare = 32;
// With so little text it does not matter how small it becomes, but queries like columns all the
// same.
constexpr std::size_t kSmallTextBytes = 128U << 10U;
// What is compressed to guess what zstd would make of all, and how far off the guess may be.
constexpr std::size_t kPieces = 8;
constexpr std::size_t kPieceBytes = 8U << 10U;
constexpr double kDoubt = 1.5;
// With so little of it in lines of no kind text is guessed at, and not tried; if it has become so
// many times smaller, it is tried with one block of so many.
constexpr double kRestShareSure = 0.1;
constexpr std::size_t kRepeatedRatio = 30;
constexpr std::size_t kTrialEach = 8;
// Templates cost more time than zstd, so they have to save so much of the text. That counts where
// a text is little but repetitions, which zstd packs and unpacks at the speed of memory.
constexpr std::size_t kSavedShare = 512;

}  // namespace

bool LineEncoder::match(absl::Span<const Row> rows) {
    const std::size_t sample = std::max(kFirstRowsMin, rows.size() / kSampledShare);
    std::size_t matched = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        // Lines of a stream lie apart in memory.
        if (i + kAhead < rows.size()) {
            __builtin_prefetch(rows[i + kAhead].line.data());
        }
        lines_[i] = text_.add(rows[i].line);
        times_[i] = rows[i].time;
        if (!text_.is_run() && i + 1 < rows.size()) {
            continue;
        }
        text_.finish_run();
        for (; matched <= i; ++matched) {
            if (matched == sample && set_.alike() < sample / kAlikeShare) {
                return false;
            }
            set_.add(static_cast<std::uint32_t>(matched), lines_[matched]);
        }
    }
    set_.finish();
    return true;
}

std::optional<EncodedColumns> LineEncoder::encode(absl::Span<const Row> rows) {
    std::size_t bytes = 0;
    for (const Row& row : rows) {
        bytes += row.line.size() + 1;
    }
    const bool small = bytes < kSmallTextBytes;
    if (lost_ && !small && rows.size() >= kSampledRowsMin) {
        const std::size_t size = rows.size() / kSampledShare;
        const auto encoded = try_encode(rows.subspan((rows.size() - size) / 2, size));
        if (!encoded || !pays(*encoded)) {
            return std::nullopt;
        }
    }
    auto encoded = try_encode(rows);
    lost_ = !encoded || (!small && !pays(*encoded));
    return lost_ ? std::nullopt : std::move(encoded);
}

std::optional<EncodedColumns> LineEncoder::try_encode(absl::Span<const Row> rows) {
    std::size_t bytes = 0;
    for (const Row& row : rows) {
        bytes += row.line.size();
    }
    if (bytes + rows.size() > GatheredText::kBytesMax) {
        return std::nullopt;
    }
    text_bytes_ = bytes + rows.size();
    text_.begin(rows.size(), bytes);
    lines_.resize(rows.size());
    times_.resize(rows.size());
    const MaskedText text = text_.masked();
    set_.begin(text);
    if (!match(rows)) {
        return std::nullopt;
    }
    std::size_t rest_bytes = 0;
    for (const std::uint32_t row : set_.rest()) {
        rest_bytes += lines_[row].size + 1;
    }
    rest_share_ = static_cast<double>(rest_bytes) / static_cast<double>(text_bytes_);
    if (rest_share_ >= kRestShareMax) {
        return std::nullopt;
    }
    PartWriter parts;
    parts.begin_pool();
    letters_.clear();
    writer_.begin(parts, &letters_);
    std::string columns;
    writer_.write_lines({text.text, lines_, times_}, set_, columns);
    EncodedColumns encoded = parts.finish(columns);
    encoded.letters = letters_.filter((encoded.tree.size() + encoded.data.size()) / kLettersShare);
    return encoded;
}

// Of pieces that are compressed: too much where the text repeats itself over long distances.
std::size_t LineEncoder::guessed_zstd_bytes() const {
    const std::string_view text = text_.all();
    std::string pieces;
    for (std::size_t i = 0; i < kPieces; ++i) {
        pieces.append(text.substr(text.size() / kPieces * i, kPieceBytes));
    }
    std::string tried;
    codec::append_zstd(pieces, tried);
    return static_cast<std::size_t>(static_cast<double>(tried.size()) *
                                    static_cast<double>(text.size()) /
                                    static_cast<double>(pieces.size()));
}

bool LineEncoder::pays(const EncodedColumns& lines) {
    const std::size_t size = lines.data.size() + lines.letters.size() + lines.tree.size();
    const std::size_t saved_min = text_bytes_ / kSavedShare;
    // What follows no template may be repeated far away, as may lines that are templates and hardly
    // anything else; and what can be packed so well is: there a guess is trusted only between
    // trials.
    const bool varied = rest_share_ < kRestShareSure && lines.tree.size() < lines.data.size() / 4;
    const bool repeated = size * kRepeatedRatio < text_bytes_;
    if (varied && (!repeated || trusted_ % kTrialEach != 0)) {
        const auto sure = static_cast<double>(size) * kDoubt + static_cast<double>(saved_min);
        if (sure < static_cast<double>(guessed_zstd_bytes())) {
            ++trusted_;
            return true;
        }
    }
    // Without the line feeds between runs, which count where a text is little but repetitions.
    std::string text;
    text.reserve(text_bytes_);
    for (const Slot& line : lines_) {
        text.append(text_.masked().view(line)).push_back('\n');
    }
    std::string tried;
    codec::append_zstd(text, tried, kTextLevel);
    const bool pays = lines.data.size() + lines.packed_tree().size() + saved_min <= tried.size();
    trusted_ = pays ? 1 : 0;
    return pays;
}

}  // namespace logi::block
