#include "codec/integers.h"

#include "base/bytes.h"
#include "codec/unpack_bits.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace logi::codec {
namespace {

enum Form : std::uint8_t {
    kEqual = 0,
    kPacked = 1,
    kPackedDeltas = 2,
    kPlanes = 3,
    kPlanesOfDeltas = 4
};

// Of so many values at most the entropy is taken.
constexpr std::size_t kSample = 512;
// Runs shorter than this are packed: a table of codes would eat the gain.
constexpr std::size_t kPlanesMin = 192;
struct Range {
    std::uint64_t min = 0;
    std::uint64_t span = 0;
    [[nodiscard]] unsigned bits() const { return static_cast<unsigned>(std::bit_width(span)); }
    [[nodiscard]] unsigned bytes() const { return (bits() + 7) / 8; }
};

Range range_of(absl::Span<const std::uint64_t> values) {
    // Several at once: each comparison waits for the one before.
    constexpr std::size_t kLanes = 4;
    std::array<std::uint64_t, kLanes> min;
    std::array<std::uint64_t, kLanes> max;
    min.fill(values[0]);
    max.fill(values[0]);
    std::size_t i = 0;
    for (; i + kLanes <= values.size(); i += kLanes) {
        for (std::size_t lane = 0; lane < kLanes; ++lane) {
            min[lane] = std::min(min[lane], values[i + lane]);
            max[lane] = std::max(max[lane], values[i + lane]);
        }
    }
    for (; i < values.size(); ++i) {
        min[0] = std::min(min[0], values[i]);
        max[0] = std::max(max[0], values[i]);
    }
    const std::uint64_t least = *std::min_element(min.begin(), min.end());
    return {least, *std::max_element(max.begin(), max.end()) - least};
}

// n log2 n
double n_log_n(std::uint32_t n) {
    static const std::vector<double> table = [] {
        std::vector<double> t(2 * kSample + 1);
        for (std::size_t i = 1; i < t.size(); ++i) {
            t[i] = static_cast<double>(i) * std::log2(static_cast<double>(i));
        }
        return t;
    }();
    return table[n];
}

// Bits per value once every plane is coded by the frequencies of its bytes.
double entropy_of_planes(absl::Span<const std::uint64_t> values, const Range& range) {
    // Leaves between kSample and twice as many.
    const std::size_t step = std::max<std::size_t>(values.size() / kSample, 1);
    double bits = 0;
    for (unsigned plane = 0; plane < range.bytes(); ++plane) {
        std::array<std::uint32_t, 256> counts{};
        std::uint32_t n = 0;
        for (std::size_t i = 0; i < values.size(); i += step) {
            ++counts[((values[i] - range.min) >> (8 * plane)) & 0xFFU];
            ++n;
        }
        double sum = n_log_n(n);
        for (const std::uint32_t c : counts) {
            sum -= n_log_n(c);
        }
        bits += sum / n;
    }
    return bits;
}

void pack(absl::Span<const std::uint64_t> values, const Range& range, std::string& out) {
    const unsigned width = range.bits();
    const std::size_t begin = out.size();
    out.resize(begin + (values.size() * width + 7) / 8);
    char* p = out.data() + begin;
    std::uint64_t waiting = 0;  // bits that are not written, lowest first
    unsigned bits = 0;
    for (const std::uint64_t value : values) {
        const std::uint64_t v = value - range.min;
        waiting |= v << bits;
        if (bits + width >= 64) {
            std::memcpy(p, &waiting, sizeof(waiting));
            p += sizeof(waiting);
            waiting = bits == 0 ? 0 : v >> (64 - bits);
            bits = bits + width - 64;
        } else {
            bits += width;
        }
    }
    std::memcpy(p, &waiting, (bits + 7) / 8);
}

void write_planes(absl::Span<const std::uint64_t> values, const Range& range, std::string& out) {
    const std::size_t begin = out.size();
    out.resize(begin + values.size() * range.bytes());
    for (unsigned plane = 0; plane < range.bytes(); ++plane) {
        char* p = out.data() + begin + plane * values.size();
        for (const std::uint64_t v : values) {
            *p++ = static_cast<char>((v - range.min) >> (8 * plane));
        }
    }
}

// Of at most as many bytes as T has.
template <typename T>
void read_planes(std::string_view bytes, T min, unsigned planes, absl::Span<T> out) {
    const auto byte = [&bytes](std::size_t i) {
        return static_cast<T>(static_cast<std::uint8_t>(bytes[i]));
    };
    const std::size_t n = out.size();
    // One plane and two, which most have, take one pass.
    if (planes == 1 || planes == 2) {
        for (std::size_t i = 0; i < n; ++i) {
            out[i] = min + (planes == 1 ? byte(i) : byte(i) | byte(n + i) << 8U);
        }
        return;
    }
    std::fill(out.begin(), out.end(), 0);
    for (unsigned plane = 0; plane < planes; ++plane) {
        const char* p = bytes.data() + plane * out.size();
        for (T& v : out) {
            v |= static_cast<T>(static_cast<std::uint8_t>(*p++)) << (8 * plane);
        }
    }
    for (T& v : out) {
        v += min;
    }
}

// The differences, moved so that negative ones stand below positive ones.
std::vector<std::uint64_t> deltas_of(absl::Span<const std::uint64_t> values) {
    std::vector<std::uint64_t> deltas(values.size() - 1);
    for (std::size_t i = 1; i < values.size(); ++i) {
        deltas[i - 1] = signed_to_ordered(static_cast<std::int64_t>(values[i] - values[i - 1]));
    }
    return deltas;
}

}  // namespace

EncodedIntegers encode_integers(absl::Span<const std::uint64_t> values) {
    EncodedIntegers out;
    base::ByteWriter w(out.bytes);
    const Range range = values.empty() ? Range() : range_of(values);
    if (range.span == 0) {
        w.u8(kEqual);
        w.varint(range.min);
        return out;
    }
    const std::vector<std::uint64_t> deltas = deltas_of(values);
    const Range delta_range = range_of(deltas);
    Form form = kPacked;
    double least = range.bits();
    if (delta_range.bits() < least) {
        form = kPackedDeltas;
        least = delta_range.bits();
    }
    if (values.size() >= kPlanesMin) {
        // Planes cost a second step; they have to earn it.
        constexpr double kGain = 0.93;
        if (const double bits = entropy_of_planes(values, range); bits < least * kGain) {
            form = kPlanes;
            least = bits;
        }
        // Differences of values without an order have a bit more than the values.
        if (delta_range.bits() <= range.bits()) {
            if (const double bits = entropy_of_planes(deltas, delta_range); bits < least * kGain) {
                form = kPlanesOfDeltas;
            }
        }
    }
    const bool of_deltas = form == kPackedDeltas || form == kPlanesOfDeltas;
    const Range& used = of_deltas ? delta_range : range;
    const absl::Span<const std::uint64_t> numbers = of_deltas ? deltas : values;
    const bool planes = form == kPlanes || form == kPlanesOfDeltas;
    out.plane_bytes = planes ? numbers.size() : 0;
    w.u8(form);
    if (of_deltas) {
        w.varint(values[0]);
    }
    w.varint(used.min);
    w.u8(static_cast<std::uint8_t>(planes ? used.bytes() : used.bits()));
    if (planes) {
        write_planes(numbers, used, out.bytes);
    } else {
        pack(numbers, used, out.bytes);
    }
    return out;
}

namespace {

// What stands in front of numbers, and where these are.
struct Stored {
    Form form = kEqual;
    std::uint64_t first = 0;  // of differences
    std::uint64_t min = 0;    // kEqual: all
    unsigned width = 0;       // in bits, or planes
    std::string_view body;

    [[nodiscard]] bool planes() const { return form == kPlanes || form == kPlanesOfDeltas; }
    [[nodiscard]] bool of_deltas() const {
        return form == kPackedDeltas || form == kPlanesOfDeltas;
    }
    // Whether no number, nor a sum on the way to it, is too large for 32 bits.
    [[nodiscard]] bool is_narrow() const {
        const unsigned bits = planes() ? 8 * width : width;
        return !of_deltas() && bits < 32 && min <= std::numeric_limits<std::uint32_t>::max() / 2;
    }

    template <typename T>
    void read(absl::Span<T> out) const {
        const auto least = static_cast<T>(min);
        if (width == 0) {
            std::fill(out.begin(), out.end(), least);
        } else if (planes()) {
            read_planes(body, least, width, out);
        } else {
            unpack_bits(body, width, least, out);
        }
    }
};

Status malformed() {
    return absl::DataLossError("integers are malformed");
}

StatusOr<Stored> stored_in(std::string_view bytes, std::size_t count) {
    base::ByteReader r(bytes);
    Stored s;
    const std::uint8_t form = r.u8();
    if (form > kPlanesOfDeltas) {
        return malformed();
    }
    s.form = static_cast<Form>(form);
    if (s.form == kEqual) {
        s.min = r.varint();
        return r.ok() && r.done() ? StatusOr<Stored>(s) : malformed();
    }
    s.first = s.of_deltas() ? r.varint() : 0;
    s.min = r.varint();
    s.width = r.u8();
    if (!r.ok() || count == 0 || s.width > (s.planes() ? 8U : 64U)) {
        return malformed();
    }
    const std::size_t numbers = count - (s.of_deltas() ? 1 : 0);
    if (r.left() != (s.planes() ? numbers * s.width : (numbers * s.width + 7) / 8)) {
        return malformed();
    }
    s.body = r.bytes(r.left());
    return s;
}

}  // namespace

Status decode_integers(std::string_view bytes, std::size_t count, std::vector<std::uint64_t>& out) {
    LOGI_ASSIGN_OR_RETURN(const Stored stored, stored_in(bytes, count));
    out.resize(count);
    if (!stored.of_deltas()) {
        stored.read(absl::MakeSpan(out));
        return absl::OkStatus();
    }
    stored.read(absl::MakeSpan(out).subspan(1));
    out[0] = stored.first;
    for (std::size_t i = 1; i < count; ++i) {
        out[i] = out[i - 1] + static_cast<std::uint64_t>(ordered_to_signed(out[i]));
    }
    return absl::OkStatus();
}

StatusOr<bool> decode_narrow(std::string_view bytes, absl::Span<std::uint32_t> numbers) {
    LOGI_ASSIGN_OR_RETURN(const Stored stored, stored_in(bytes, numbers.size()));
    if (!stored.is_narrow()) {
        return false;
    }
    stored.read(numbers);
    return true;
}

Status decode_numbers(std::string_view bytes,
                      std::uint32_t limit,
                      absl::Span<std::uint32_t> numbers) {
    LOGI_ASSIGN_OR_RETURN(const bool narrow, decode_narrow(bytes, numbers));
    bool below = true;
    if (narrow) {
        for (const std::uint32_t number : numbers) {
            below &= number < limit;
        }
    } else {
        std::vector<std::uint64_t> wide;
        LOGI_RETURN_IF_ERROR(decode_integers(bytes, numbers.size(), wide));
        for (std::size_t i = 0; i < numbers.size(); ++i) {
            below &= wide[i] < limit;
            numbers[i] = static_cast<std::uint32_t>(wide[i]);
        }
    }
    return below ? absl::OkStatus() : malformed();
}

}  // namespace logi::codec
