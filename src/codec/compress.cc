#include "codec/compress.h"

#include "base/bytes.h"
#include "base/check.h"

#include <zstd.h>

namespace logi::codec {
namespace {

enum Kind : std::uint8_t { kRaw = 0, kZstd = 1 };

struct FreeContext {
    void operator()(ZSTD_CCtx* c) const { ZSTD_freeCCtx(c); }
    void operator()(ZSTD_DCtx* c) const { ZSTD_freeDCtx(c); }
};

}  // namespace

std::string compress(std::string_view raw) {
    thread_local const std::unique_ptr<ZSTD_CCtx, FreeContext> context(ZSTD_createCCtx());
    std::string out;
    base::ByteWriter w(out);
    w.u8(kZstd);
    w.varint(raw.size());
    const std::size_t head = out.size();
    out.resize(head + ZSTD_compressBound(raw.size()));
    const std::size_t n = ZSTD_compressCCtx(
        context.get(), out.data() + head, out.size() - head, raw.data(), raw.size(), kZstdLevel);
    LOGI_CHECK(ZSTD_isError(n) == 0);
    if (n >= raw.size()) {
        out.resize(head);
        out[0] = static_cast<char>(kRaw);
        out.append(raw);
        return out;
    }
    out.resize(head + n);
    out.shrink_to_fit();
    return out;
}

StatusOr<std::string> decompress(std::string_view bytes) {
    thread_local const std::unique_ptr<ZSTD_DCtx, FreeContext> context(ZSTD_createDCtx());
    base::ByteReader r(bytes);
    const std::uint8_t kind = r.u8();
    const std::uint64_t size = r.varint();
    const std::string_view body = r.bytes(r.left());
    if (!r.ok() || size > kRawBytesMax || kind > kZstd || (kind == kRaw && body.size() != size)) {
        return absl::DataLossError("compressed bytes are malformed");
    }
    if (kind == kRaw) {
        return std::string(body);
    }
    if (ZSTD_getFrameContentSize(body.data(), body.size()) != size) {
        return absl::DataLossError("compressed bytes have another size than they say");
    }
    std::string raw(size, '\0');
    const std::size_t n =
        ZSTD_decompressDCtx(context.get(), raw.data(), raw.size(), body.data(), body.size());
    if (ZSTD_isError(n) != 0 || n != size) {
        return absl::DataLossError("compressed bytes are damaged");
    }
    return raw;
}

}  // namespace logi::codec
