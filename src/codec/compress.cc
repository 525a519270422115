#include "codec/compress.h"

#include "base/bytes.h"
#include "base/check.h"

// For how literals are compressed, which the stable part of zstd's interface has no name for.
#define ZSTD_STATIC_LINKING_ONLY
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

void set(ZSTD_CCtx* c, ZSTD_cParameter parameter, int value) {
    LOGI_CHECK(ZSTD_isError(ZSTD_CCtx_setParameter(c, parameter, value)) == 0);
}

// With steps as wide as a block nothing is ever looked for.
ZSTD_CCtx* make_codes_only() {
    ZSTD_CCtx* const c = ZSTD_createCCtx();
    set(c, ZSTD_c_strategy, ZSTD_fast);
    set(c, ZSTD_c_targetLength, ZSTD_TARGETLENGTH_MAX);
    set(c, ZSTD_c_minMatch, ZSTD_MINMATCH_MAX);
    set(c, ZSTD_c_hashLog, ZSTD_HASHLOG_MIN);
    set(c, ZSTD_c_literalCompressionMode, ZSTD_ps_enable);
    return c;
}

ZSTD_CCtx* context(int level) {
    thread_local const std::unique_ptr<ZSTD_CCtx, FreeContext> kept(ZSTD_createCCtx());
    thread_local const std::unique_ptr<ZSTD_CCtx, FreeContext> codes_only(make_codes_only());
    if (level == kCodesOnly) {
        return codes_only.get();
    }
    set(kept.get(), ZSTD_c_compressionLevel, level);
    return kept.get();
}

// A buffer that the thread keeps, or `large` if that would be a large one.
base::Buffer& target(std::size_t size, base::Buffer& large) {
    thread_local base::Buffer kept;
    base::Buffer& buffer = size > kKeptBytesMax ? large : kept;
    if (buffer.size() < size) {
        buffer = base::Buffer(size);
    }
    return buffer;
}

// Into a frame with a block of zstd's, which has codes of its own, for each piece.
std::size_t compress_pieces(std::string_view raw, int level, std::size_t piece, base::Buffer& to) {
    ZSTD_CCtx* const c = context(level);
    LOGI_CHECK(ZSTD_isError(ZSTD_CCtx_reset(c, ZSTD_reset_session_only)) == 0);
    LOGI_CHECK(ZSTD_isError(ZSTD_CCtx_setPledgedSrcSize(c, raw.size())) == 0);
    ZSTD_outBuffer written{to.data(), to.size(), 0};
    for (std::size_t left = raw.size(); left > 0;) {
        const std::size_t size = left < 2 * piece ? left : left % piece + piece;
        ZSTD_inBuffer read{raw.data() + raw.size() - left, size, 0};
        left -= size;
        const auto how = left == 0 ? ZSTD_e_end : ZSTD_e_flush;
        LOGI_CHECK(ZSTD_compressStream2(c, &written, &read, how) == 0);
    }
    return written.pos;
}

std::string_view zstd(std::string_view raw, int level, std::size_t piece, base::Buffer& large) {
    constexpr std::size_t kPieceOverhead = 16;
    const std::size_t bound = ZSTD_compressBound(raw.size());
    if (raw.size() / 2 >= piece) {
        base::Buffer& to = target(bound + raw.size() / piece * kPieceOverhead, large);
        return to.view().substr(0, compress_pieces(raw, level, piece, to));
    }
    base::Buffer& to = target(bound, large);
    const std::size_t n =
        ZSTD_compress2(context(level), to.data(), to.size(), raw.data(), raw.size());
    LOGI_CHECK(ZSTD_isError(n) == 0);
    return to.view().substr(0, n);
}

}  // namespace

std::string compress(std::string_view raw, int level, std::size_t piece) {
    base::Buffer large;
    const std::string_view frame = zstd(raw, level, piece, large);
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

void append_zstd(std::string_view raw, std::string& out, int level, std::size_t piece) {
    base::Buffer large;
    out.append(zstd(raw, level, piece, large));
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
