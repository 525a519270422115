#include "agent/files/decompressor.h"

#include "absl/strings/str_cat.h"

#include <bzlib.h>
#include <zlib.h>
#include <zstd.h>

#include <array>

namespace logi::agent {
namespace {

using Piece = std::array<char, std::size_t{64} << 10U>;

Status damaged(const char* what) {
    return absl::DataLossError(absl::StrCat("the compressed bytes are damaged: ", what));
}

class ZlibDecompressor final : public Decompressor {
  public:
    ZlibDecompressor() {
        constexpr int kGzipOrZlib = 32;
        ok_ = ::inflateInit2(&stream_, MAX_WBITS + kGzipOrZlib) == Z_OK;
    }
    ~ZlibDecompressor() override { ::inflateEnd(&stream_); }
    ZlibDecompressor(const ZlibDecompressor&) = delete;
    ZlibDecompressor& operator=(const ZlibDecompressor&) = delete;

    Status take(std::string_view compressed, std::string& out) override {
        if (!ok_) {
            return damaged("zlib cannot begin");
        }
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(compressed.data()));
        stream_.avail_in = static_cast<uInt>(compressed.size());
        Piece piece;
        do {
            stream_.next_out = reinterpret_cast<Bytef*>(piece.data());
            stream_.avail_out = piece.size();
            const int result = ::inflate(&stream_, Z_NO_FLUSH);
            out.append(piece.data(), piece.size() - stream_.avail_out);
            whole_ = result == Z_STREAM_END;
            if (whole_) {  // another member may follow
                ::inflateReset(&stream_);
            } else if (result == Z_BUF_ERROR) {
                break;
            } else if (result != Z_OK) {
                return damaged(stream_.msg == nullptr ? "zlib" : stream_.msg);
            }
        } while (stream_.avail_in > 0 || (stream_.avail_out == 0 && !whole_));
        return absl::OkStatus();
    }
    [[nodiscard]] bool whole() const override { return whole_; }

  private:
    z_stream stream_{};
    bool ok_ = false;
    bool whole_ = false;
};

class Bzip2Decompressor final : public Decompressor {
  public:
    Bzip2Decompressor() { ok_ = ::BZ2_bzDecompressInit(&stream_, 0, 0) == BZ_OK; }
    ~Bzip2Decompressor() override { ::BZ2_bzDecompressEnd(&stream_); }
    Bzip2Decompressor(const Bzip2Decompressor&) = delete;
    Bzip2Decompressor& operator=(const Bzip2Decompressor&) = delete;

    Status take(std::string_view compressed, std::string& out) override {
        stream_.next_in = const_cast<char*>(compressed.data());
        stream_.avail_in = static_cast<unsigned>(compressed.size());
        Piece piece;
        do {
            if (!ok_) {
                return damaged("bzip2 cannot begin");
            }
            stream_.next_out = piece.data();
            stream_.avail_out = piece.size();
            const int result = ::BZ2_bzDecompress(&stream_);
            out.append(piece.data(), piece.size() - stream_.avail_out);
            whole_ = result == BZ_STREAM_END;
            if (whole_) {  // another stream may follow
                char* const next = stream_.next_in;
                const unsigned left = stream_.avail_in;
                ::BZ2_bzDecompressEnd(&stream_);
                stream_ = {};
                ok_ = ::BZ2_bzDecompressInit(&stream_, 0, 0) == BZ_OK;
                stream_.next_in = next;
                stream_.avail_in = left;
            } else if (result != BZ_OK) {
                return damaged("bzip2");
            }
        } while (stream_.avail_in > 0 || (stream_.avail_out == 0 && !whole_));
        return absl::OkStatus();
    }
    [[nodiscard]] bool whole() const override { return whole_; }

  private:
    bz_stream stream_{};
    bool ok_ = false;
    bool whole_ = false;
};

class ZstdDecompressor final : public Decompressor {
  public:
    ZstdDecompressor() : stream_(::ZSTD_createDStream()) {}
    ~ZstdDecompressor() override { ::ZSTD_freeDStream(stream_); }
    ZstdDecompressor(const ZstdDecompressor&) = delete;
    ZstdDecompressor& operator=(const ZstdDecompressor&) = delete;

    Status take(std::string_view compressed, std::string& out) override {
        ZSTD_inBuffer in{compressed.data(), compressed.size(), 0};
        Piece piece;
        ZSTD_outBuffer piece_out{piece.data(), piece.size(), 0};
        do {
            piece_out.pos = 0;
            const std::size_t result = ::ZSTD_decompressStream(stream_, &piece_out, &in);
            if (::ZSTD_isError(result) != 0) {
                return damaged(::ZSTD_getErrorName(result));
            }
            whole_ = result == 0;
            out.append(piece.data(), piece_out.pos);
        } while (in.pos < in.size || (piece_out.pos == piece_out.size && !whole_));
        return absl::OkStatus();
    }

    [[nodiscard]] bool whole() const override { return whole_; }

  private:
    ZSTD_DStream* stream_;
    bool whole_ = false;
};

}  // namespace

StatusOr<std::unique_ptr<Decompressor>> Decompressor::make(const std::string& format) {
    std::unique_ptr<Decompressor> made;
    if (format == "gz" || format == "z") {
        made = std::make_unique<ZlibDecompressor>();
    } else if (format == "bz2") {
        made = std::make_unique<Bzip2Decompressor>();
    } else if (format == "zst") {
        made = std::make_unique<ZstdDecompressor>();
    } else {
        return absl::InvalidArgumentError(absl::StrCat("there is no compression '", format, "'"));
    }
    return made;
}

}  // namespace logi::agent
