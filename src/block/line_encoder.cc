#include "block/line_encoder.h"

#include "block/parts.h"

namespace logi::block {
namespace {

// With more than this share of the bytes in lines of no kind, templates do not pay.
constexpr double kRestShareMax = 0.5;
constexpr std::size_t kAhead = 4;  // lines fetched before they are needed
// Where positions of 32 bits end.
constexpr std::size_t kTextBytesMax = 1ULL << 31U;

}  // namespace

void LineEncoder::gather(absl::Span<const Row> rows) {
    text_bytes_ = 0;
    for (const Row& row : rows) {
        text_bytes_ += row.line.size() + 1;
    }
    const std::size_t size = text_bytes_ + TextMasks::kTextPadding;
    if (text_.size() < size) {
        text_.resize(size);
    }
    lines_.resize(rows.size());
    times_.resize(rows.size());
    char* p = text_.data();
    for (std::size_t i = 0; i < rows.size(); ++i) {
        // Lines of a stream lie apart in memory.
        if (i + kAhead < rows.size()) {
            __builtin_prefetch(rows[i + kAhead].line.data());
        }
        const std::string_view line = rows[i].line;
        lines_[i] = {static_cast<std::uint32_t>(p - text_.data()),
                     static_cast<std::uint32_t>(line.size())};
        times_[i] = rows[i].time;
        std::memcpy(p, line.data(), line.size());
        p += line.size();
        *p++ = '\n';
    }
    std::memset(p, '\n', TextMasks::kTextPadding);
}

std::optional<EncodedLines> LineEncoder::encode(absl::Span<const Row> rows) {
    gather(rows);
    if (text_bytes_ > kTextBytesMax) {
        return std::nullopt;
    }
    masks_.build({text_.data(), text_bytes_});
    const MaskedText text{text_.data(), &masks_};
    set_.begin(text);
    for (std::size_t i = 0; i < lines_.size(); ++i) {
        set_.add(static_cast<std::uint32_t>(i), lines_[i]);
    }
    set_.finish();
    std::size_t rest_bytes = 0;
    for (const std::uint32_t row : set_.rest()) {
        rest_bytes += lines_[row].size + 1;
    }
    if (static_cast<double>(rest_bytes) > kRestShareMax * static_cast<double>(text_bytes_)) {
        return std::nullopt;
    }
    PartWriter parts;
    parts.begin_pool();
    writer_.begin(text, parts);
    std::string columns;
    writer_.write_lines({lines_, times_}, set_, columns);
    parts.finish();
    EncodedLines out;
    parts.write_directory(out.tree);
    out.tree.append(columns);
    out.data = parts.data();
    return out;
}

}  // namespace logi::block
