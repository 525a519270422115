#include "agent/files/chunk_reader.h"

#include "absl/strings/str_cat.h"
#include "agent/files/decompressor.h"

#include <algorithm>

namespace logi::agent {
namespace {

// Small, as a few bytes may stand for very many.
constexpr std::size_t kPackedPieceBytes = 4U << 10U;

class PlainReader final : public ChunkReader {
  public:
    explicit PlainReader(const io::GrowingFile& file) : file_(file) {}
    StatusOr<std::string_view> read(std::uint64_t position, absl::Span<char> buffer) override {
        LOGI_ASSIGN_OR_RETURN(const std::size_t n, file_.read(position, buffer));
        return std::string_view(buffer.data(), n);
    }
    [[nodiscard]] bool counts_lines() const override { return false; }

  private:
    const io::GrowingFile& file_;
};

class CompressedReader final : public ChunkReader {
  public:
    CompressedReader(const io::GrowingFile& file,
                     std::string format,
                     bool counts_lines,
                     const LineDecoder* decoder)
        : file_(file), format_(std::move(format)), counts_lines_(counts_lines), decoder_(decoder) {}

    StatusOr<std::string_view> read(std::uint64_t position, absl::Span<char> buffer) override {
        if (decompressor_ == nullptr || position < at_) {
            LOGI_ASSIGN_OR_RETURN(decompressor_, Decompressor::make(format_));
            text_.clear();
            at_ = compressed_at_ = 0;
        }
        while (true) {
            drop_to(position);
            if (at_ == position && text_.size() >= buffer.size()) {
                return std::string_view(text_).substr(0, buffer.size());
            }
            LOGI_ASSIGN_OR_RETURN(const bool more, decompress_some());
            if (!more) {
                drop_to(position);
                return at_ == position ? std::string_view(text_).substr(0, buffer.size())
                                       : std::string_view();
            }
        }
    }
    [[nodiscard]] bool counts_lines() const override { return counts_lines_; }

  private:
    void drop_to(std::uint64_t position) {
        if (!counts_lines_) {
            const std::size_t n = std::min<std::uint64_t>(position - at_, text_.size());
            text_.erase(0, n);
            at_ += n;
            return;
        }
        std::size_t at = 0;
        while (at_ < position) {
            const std::string_view rest = std::string_view(text_).substr(at);
            const std::size_t end =
                std::min(line_end(decoder_, rest.substr(0, kLinePieceBytes)), kLinePieceBytes);
            if (end > rest.size()) {
                break;
            }
            at += end;
            ++at_;
        }
        text_.erase(0, at);
    }

    StatusOr<bool> decompress_some() {
        std::string compressed(kPackedPieceBytes, '\0');
        LOGI_ASSIGN_OR_RETURN(
            const std::size_t n,
            file_.read(compressed_at_, absl::MakeSpan(compressed.data(), compressed.size())));
        if (n == 0) {
            return false;
        }
        compressed.resize(n);
        compressed_at_ += n;
        LOGI_RETURN_IF_ERROR(decompressor_->take(compressed, text_));
        return true;
    }

    const io::GrowingFile& file_;
    const std::string format_;
    const bool counts_lines_;
    const LineDecoder* const decoder_;
    std::unique_ptr<Decompressor> decompressor_;
    std::uint64_t compressed_at_ = 0;
    std::string text_;  // decompressed, from at_ on
    std::uint64_t at_ = 0;
};

}  // namespace

std::unique_ptr<ChunkReader> read_plain(const io::GrowingFile& file) {
    return std::make_unique<PlainReader>(file);
}

std::unique_ptr<ChunkReader> read_compressed(const io::GrowingFile& file,
                                             const std::string& format,
                                             const LineDecoder* decoder) {
    return std::make_unique<CompressedReader>(file, format, true, decoder);
}

std::unique_ptr<ChunkReader> read_packed(const io::GrowingFile& file, const std::string& format) {
    return std::make_unique<CompressedReader>(file, format, false, nullptr);
}

std::string format_of_name(std::string_view path) {
    for (const char* format : {"gz", "bz2", "zst"}) {
        if (path.ends_with(std::string(".") + format)) {
            return format;
        }
    }
    return "";
}

bool is_compressed(std::string_view path, const std::string& format) {
    if (format == "gz") {
        return path.ends_with(".gz") || path.ends_with(".tgz");
    }
    return !format.empty() && path.ends_with("." + format);
}

}  // namespace logi::agent
