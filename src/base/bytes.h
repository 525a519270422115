// Little-endian integers, varints and length-prefixed strings, written to a std::string and read
// with bounds checked. Every on-disk format is made of these.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace logi::base {

static_assert(std::endian::native == std::endian::little,
              "formats are written as the CPU has them");

// How many bytes ByteWriter::varint writes.
[[nodiscard]] constexpr std::size_t varint_bytes(std::uint64_t v) {
    return (static_cast<std::size_t>(std::bit_width(v | 1U)) + 6) / 7;
}
// What ByteWriter::zigzag writes as a varint.
[[nodiscard]] constexpr std::uint64_t zigzagged(std::int64_t v) {
    return (static_cast<std::uint64_t>(v) << 1U) ^ static_cast<std::uint64_t>(v >> 63);
}

class ByteWriter {
  public:
    // Appends to `out`, which must outlive the writer.
    explicit ByteWriter(std::string& out) : out_(out) {}

    void u8(std::uint8_t v) { out_.push_back(static_cast<char>(v)); }
    void u16(std::uint16_t v) { raw(v); }
    void u32(std::uint32_t v) { raw(v); }
    void u64(std::uint64_t v) { raw(v); }
    void i64(std::int64_t v) { raw(v); }
    void varint(std::uint64_t v) {
        if (v < 0x80) {
            u8(static_cast<std::uint8_t>(v));
            return;
        }
        char b[10];
        std::size_t n = 0;
        for (; v >= 0x80; v >>= 7U) {
            b[n++] = static_cast<char>(v | 0x80U);
        }
        b[n++] = static_cast<char>(v);
        out_.append(b, n);
    }
    void zigzag(std::int64_t v) { varint(zigzagged(v)); }
    void bytes(std::string_view s) { out_.append(s); }
    // varint length, then the bytes.
    void string(std::string_view s) {
        varint(s.size());
        bytes(s);
    }

  private:
    template <typename T>
    void raw(T v) {
        char b[sizeof(T)];
        std::memcpy(b, &v, sizeof(T));
        out_.append(b, sizeof(T));
    }
    std::string& out_;
};

// Reads from a view that must outlive the reader. After the first read past the end, ok() is false
// and every further read gives zero or an empty view; check ok() once at the end of a structure.
class ByteReader {
  public:
    explicit ByteReader(std::string_view in) : p_(in.data()), end_(in.data() + in.size()) {}

    [[nodiscard]] bool ok() const { return ok_; }
    [[nodiscard]] bool done() const { return p_ == end_; }
    [[nodiscard]] std::size_t left() const { return static_cast<std::size_t>(end_ - p_); }

    std::uint8_t u8() { return raw<std::uint8_t>(); }
    std::uint16_t u16() { return raw<std::uint16_t>(); }
    std::uint32_t u32() { return raw<std::uint32_t>(); }
    std::uint64_t u64() { return raw<std::uint64_t>(); }
    std::int64_t i64() { return raw<std::int64_t>(); }
    std::uint64_t varint() {
        std::uint64_t v = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            if (p_ == end_) {
                return fail();
            }
            const auto b = static_cast<std::uint8_t>(*p_++);
            if (shift == 63 && b > 1) {
                return fail();
            }
            v |= static_cast<std::uint64_t>(b & 0x7FU) << shift;
            if (b < 0x80) {
                return v;
            }
        }
        return fail();
    }
    std::int64_t zigzag() {
        const std::uint64_t v = varint();
        return static_cast<std::int64_t>(v >> 1U) ^ -static_cast<std::int64_t>(v & 1U);
    }
    std::string_view bytes(std::uint64_t n) {
        if (n > left()) {
            fail();
            return {};
        }
        const std::string_view s(p_, static_cast<std::size_t>(n));
        p_ += n;
        return s;
    }
    std::string_view string() { return bytes(varint()); }

  private:
    template <typename T>
    T raw() {
        if (left() < sizeof(T)) {
            return static_cast<T>(fail());
        }
        T v;
        std::memcpy(&v, p_, sizeof(T));
        p_ += sizeof(T);
        return v;
    }
    std::uint64_t fail() {
        ok_ = false;
        p_ = end_;
        return 0;
    }
    const char* p_;
    const char* end_;
    bool ok_ = true;
};

}  // namespace logi::base
