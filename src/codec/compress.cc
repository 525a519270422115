#include "codec/compress.h"

#include "base/bytes.h"
#include "base/check.h"

#include <zstd.h>

namespace logi::codec {
namespace {

enum Kind : std::uint8_t { kRaw = 0, kZstd = 1 };

// Of the buffer that a thread keeps: enough for the lines of a block.
constexpr std::size_t kKeptBytesMax = 4U << 20U;

struct FreeContext {
    void operator()(ZSTD_CCtx* c) const { ZSTD_freeCCtx(c); }
    void operator()(ZSTD_DCtx* c) const { ZSTD_freeDCtx(c); }
};

// Compresses into a buffer that the thread keeps, or into `large` if that would be a large one.
std::string_view zstd(std::string_view raw, int level, base::Buffer& large) {
    thread_local const std::unique_ptr<ZSTD_CCtx, FreeContext> context(ZSTD_createCCtx());
    thread_local base::Buffer kept;
    const std::size_t bound = ZSTD_compressBound(raw.size());
    if (bound > kKeptBytesMax) {
        large = base::Buffer(bound);
    } else if (bound > kept.size()) {
        kept = base::Buffer(bound);
    }
    base::Buffer& target = bound > kKeptBytesMax ? large : kept;
    const std::size_t n = ZSTD_compressCCtx(
        context.get(), target.data(), target.size(), raw.data(), raw.size(), level);
    LOGI_CHECK(ZSTD_isError(n) == 0);
    return target.view().substr(0, n);
}

}  // namespace

std::string compress(std::string_view raw, int level) {
    base::Buffer large;
    const std::string_view frame = zstd(raw, level, large);
    const bool pays = frame.size() < raw.size();
    const std::string_view body = pays ? frame : raw;
    std::string out;
    out.reserve(1 + base::varint_bytes(raw.size()) + body.size());
    base::ByteWriter w(out);
    w.u8(pays ? kZstd : kRaw);
    w.varint(raw.size());
    w.bytes(body);
    return out;
}

StatusOr<base::Buffer> decompress(std::string_view bytes) {
    base::ByteReader r(bytes);
    const std::uint8_t kind = r.u8();
    const std::uint64_t size = r.varint();
    const std::string_view body = r.bytes(r.left());
    if (!r.ok() || size > kRawBytesMax || kind > kZstd || (kind == kRaw && body.size() != size)) {
        return absl::DataLossError("compressed bytes are malformed");
    }
    if (kind == kRaw) {
        return base::Buffer::copy_of(body);
    }
    return unpack_zstd(body, size);
}

void append_zstd(std::string_view raw, std::string& out, int level) {
    base::Buffer large;
    out.append(zstd(raw, level, large));
}

StatusOr<base::Buffer> unpack_zstd(std::string_view frame, std::uint64_t raw_size) {
    thread_local const std::unique_ptr<ZSTD_DCtx, FreeContext> context(ZSTD_createDCtx());
    if (raw_size > kRawBytesMax ||
        ZSTD_getFrameContentSize(frame.data(), frame.size()) != raw_size) {
        return absl::DataLossError("compressed bytes have another size than they say");
    }
    base::Buffer raw(raw_size);
    const std::size_t n =
        ZSTD_decompressDCtx(context.get(), raw.data(), raw.size(), frame.data(), frame.size());
    if (ZSTD_isError(n) != 0 || n != raw_size) {
        return absl::DataLossError("compressed bytes are damaged");
    }
    return raw;
}

}  // namespace logi::codec
