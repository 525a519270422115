#include "wire/decompress.h"

#include "absl/strings/str_cat.h"
#include "base/bytes.h"

#include <lz4frame.h>
#include <snappy.h>
#include <zstd.h>
#define ZLIB_CONST
#include <zlib.h>

#include <array>

namespace logi::wire {
namespace {

constexpr int kGzipWindow = 15 + 16;
constexpr int kRawWindow = -15;
// No snappy block expands more than this: a copy of 64 bytes takes 3 bytes.
constexpr std::uint64_t kSnappyRatioMax = 32;

Status too_large(std::uint64_t bytes_max) {
    return absl::OutOfRangeError(
        absl::StrCat("request body too large: decompressed size exceeds ", bytes_max, " bytes"));
}

StatusOr<std::string> zlib_inflate(std::string_view bytes, int window, std::uint64_t bytes_max) {
    z_stream stream{};
    if (inflateInit2(&stream, window) != Z_OK) {
        return absl::ResourceExhaustedError("no memory to decompress");
    }
    const std::unique_ptr<z_stream, int (*)(z_stream*)> end(&stream, inflateEnd);
    stream.next_in = reinterpret_cast<const Bytef*>(bytes.data());
    stream.avail_in = static_cast<uInt>(bytes.size());
    std::string out;
    std::array<char, 65536> chunk{};
    while (true) {
        stream.next_out = reinterpret_cast<Bytef*>(chunk.data());
        stream.avail_out = chunk.size();
        const int result = inflate(&stream, Z_NO_FLUSH);
        if (result != Z_OK && result != Z_STREAM_END) {
            return absl::InvalidArgumentError(result == Z_BUF_ERROR ? "unexpected EOF"
                                                                    : "gzip: invalid data");
        }
        out.append(chunk.data(), chunk.size() - stream.avail_out);
        if (out.size() > bytes_max) {
            return too_large(bytes_max);
        }
        if (result == Z_STREAM_END) {
            // Concatenated members are one stream.
            if (window != kGzipWindow || stream.avail_in == 0 || inflateReset(&stream) != Z_OK) {
                return out;
            }
        }
    }
}

}  // namespace

StatusOr<std::string> gunzip(std::string_view bytes, std::uint64_t bytes_max) {
    return zlib_inflate(bytes, kGzipWindow, bytes_max);
}

StatusOr<std::string> inflate_raw(std::string_view bytes, std::uint64_t bytes_max) {
    return zlib_inflate(bytes, kRawWindow, bytes_max);
}

StatusOr<std::string> unzstd(std::string_view bytes, std::uint64_t bytes_max) {
    constexpr int kWindowLogMax = 25;
    const std::unique_ptr<ZSTD_DCtx, std::size_t (*)(ZSTD_DCtx*)> context(ZSTD_createDCtx(),
                                                                          ZSTD_freeDCtx);
    if (context == nullptr || ZSTD_isError(ZSTD_DCtx_setParameter(
                                  context.get(), ZSTD_d_windowLogMax, kWindowLogMax)) != 0) {
        return absl::ResourceExhaustedError("no memory to decompress");
    }
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    std::string out;
    std::array<char, 65536> chunk{};
    while (true) {
        ZSTD_outBuffer piece{chunk.data(), chunk.size(), 0};
        const std::size_t left = ZSTD_decompressStream(context.get(), &piece, &in);
        if (ZSTD_isError(left) != 0) {
            return absl::InvalidArgumentError(absl::StrCat("zstd: ", ZSTD_getErrorName(left)));
        }
        out.append(chunk.data(), piece.pos);
        if (out.size() > bytes_max) {
            return too_large(bytes_max);
        }
        if (in.pos == in.size && left == 0) {
            return out;
        }
        if (in.pos == in.size && piece.pos < piece.size) {
            return absl::InvalidArgumentError("unexpected EOF");
        }
    }
}

StatusOr<std::string> unlz4(std::string_view bytes, std::uint64_t bytes_max) {
    LZ4F_dctx* context = nullptr;
    if (LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION)) != 0) {
        return absl::ResourceExhaustedError("no memory to decompress");
    }
    const std::unique_ptr<LZ4F_dctx, LZ4F_errorCode_t (*)(LZ4F_dctx*)> freed(
        context, LZ4F_freeDecompressionContext);
    std::string out;
    std::array<char, 65536> chunk{};
    while (true) {
        std::size_t read = bytes.size();
        std::size_t written = chunk.size();
        const std::size_t left =
            LZ4F_decompress(context, chunk.data(), &written, bytes.data(), &read, nullptr);
        if (LZ4F_isError(left) != 0) {
            return absl::InvalidArgumentError(absl::StrCat("lz4: ", LZ4F_getErrorName(left)));
        }
        bytes.remove_prefix(read);
        out.append(chunk.data(), written);
        if (out.size() > bytes_max) {
            return too_large(bytes_max);
        }
        if (bytes.empty() && left == 0) {
            return out;
        }
        if (bytes.empty() && written < chunk.size()) {
            return absl::InvalidArgumentError("unexpected EOF");
        }
    }
}

std::uint64_t zstd_size_hint(std::string_view bytes) {
    const unsigned long long size = ZSTD_getFrameContentSize(bytes.data(), bytes.size());
    return size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR ? 0 : size;
}

std::uint64_t gzip_size_hint(std::string_view bytes) {
    constexpr std::size_t kSizeBytes = 4;
    return bytes.size() < kSizeBytes
               ? 0
               : base::ByteReader(bytes.substr(bytes.size() - kSizeBytes)).u32();
}

std::uint64_t snappy_size_hint(std::string_view bytes) {
    std::size_t size = 0;
    return snappy::GetUncompressedLength(bytes.data(), bytes.size(), &size) ? size : 0;
}

StatusOr<base::Buffer> unsnappy(std::string_view bytes, std::uint64_t bytes_max) {
    std::size_t size = 0;
    if (!snappy::GetUncompressedLength(bytes.data(), bytes.size(), &size)) {
        return absl::InvalidArgumentError("snappy: corrupt input");
    }
    if (size > bytes_max) {
        return too_large(bytes_max);
    }
    if (size > bytes.size() * kSnappyRatioMax) {
        return absl::InvalidArgumentError("snappy: corrupt input");
    }
    base::Buffer out(size);
    if (!snappy::RawUncompress(bytes.data(), bytes.size(), out.data())) {
        return absl::InvalidArgumentError("snappy: corrupt input");
    }
    return out;
}

}  // namespace logi::wire
