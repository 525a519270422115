#include "codec/integers.h"

#include "base/bytes.h"
#include "codec/extremes.h"
#include "codec/unpack_bits.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>

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

// What zstd may make of planes, in bits per value.
struct PlaneBits {
    double least = 0;    // once every plane is coded by the frequencies of its bytes
    double codes = 0;    // likewise, but each code has a bit at least
    double matches = 0;  // where zstd takes for repetitions what is none
};

// at(i) is one of `count`.
template <typename At>
PlaneBits entropy_of_planes(std::size_t count, const At& at, const Range& range) {
    // Leaves between kSample and twice as many.
    const std::size_t step = std::max<std::size_t>(count / kSample, 1);
    // As measured: so much do repetitions cost that are chance.
    constexpr double kChance = 0.45;
    constexpr double kCodeBits = 64;
    constexpr double kSymbolBits = 2.5;
    std::array<std::array<std::uint32_t, 256>, sizeof(std::uint64_t)> counts{};
    const unsigned planes = range.bytes();
    std::uint32_t n = 0;
    for (std::size_t i = 0; i < count; i += step, ++n) {
        const std::uint64_t v = at(i) - range.min;
        for (unsigned plane = 0; plane < planes; ++plane) {
            ++counts[plane][(v >> (8 * plane)) & 0xFFU];
        }
    }
    PlaneBits bits;
    for (unsigned plane = 0; plane < planes; ++plane) {
        double sum = n_log_n(n);
        unsigned distinct = 0;
        for (const std::uint32_t c : counts[plane]) {
            sum -= n_log_n(c);
            distinct += c > 0 ? 1U : 0U;
        }
        if (distinct == 1) {
            continue;
        }
        // A sample has less of it than all (Miller, Note on the bias of information estimates).
        const double bias = (distinct - 1) / (2 * std::numbers::ln2 * n);
        const double of_plane = std::min(sum / n + bias, 8.0);
        // A code is written down before it is used.
        const double of_code = (kCodeBits + kSymbolBits * distinct) / static_cast<double>(count);
        bits.least += of_plane + of_code;
        bits.codes += std::max(of_plane, 1.0);
        bits.matches += of_plane + kChance;
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

// A difference, moved so that negative ones stand below positive ones.
std::uint64_t delta_at(absl::Span<const std::uint64_t> values, std::size_t i) {
    return signed_to_ordered(static_cast<std::int64_t>(values[i + 1] - values[i]));
}

std::vector<std::uint64_t> deltas_of(absl::Span<const std::uint64_t> values) {
    std::vector<std::uint64_t> deltas(values.size() - 1);
    for (std::size_t i = 0; i < deltas.size(); ++i) {
        deltas[i] = delta_at(values, i);
    }
    return deltas;
}

// Whether bytes in the midst of a plane repeat what stands before them more than a tenth of the
// time, over so long a stretch that it is no chance if each byte has so many bits.
bool repeats(std::string_view plane, double bits) {
    constexpr std::size_t kStretch = 1024;
    constexpr std::size_t kStep = 4;  // one in so many is remembered
    constexpr std::size_t kPlaces = 512;
    constexpr double kChanceBits = 20;
    constexpr std::size_t kWindowMax = 32;
    constexpr std::uint64_t kOdd = 0x9E3779B97F4A7C15;
    const auto window = static_cast<std::size_t>(
        std::clamp(std::ceil(kChanceBits / bits), 4.0, static_cast<double>(kWindowMax)));
    const std::size_t size = std::min(plane.size(), kStretch);
    const char* const text = plane.data() + (plane.size() - size) / 2;
    if (size < 4 * window) {
        return false;
    }
    const auto place = [&](std::size_t at) {
        std::uint32_t head = 0;
        std::uint32_t tail = 0;
        std::memcpy(&head, text + at, sizeof(head));
        std::memcpy(&tail, text + at + window - sizeof(tail), sizeof(tail));
        return (head | static_cast<std::uint64_t>(tail) << 32U) * kOdd >> 55U;
    };
    std::array<std::uint16_t, kPlaces> places{};
    const std::size_t from = size / 4 * 3;
    for (std::size_t at = 0; at + window <= from; at += kStep) {
        places[place(at)] = static_cast<std::uint16_t>(at + 1);
    }
    std::size_t found = 0;
    for (std::size_t at = from; at + window <= size; ++at) {
        const std::size_t before = places[place(at)];
        found += before > 0 && std::memcmp(text + before - 1, text + at, window) == 0 ? 1U : 0U;
    }
    return found * kStep * 10 > size - window - from;
}

// Whether one of the planes does.
bool any_repeats(std::string_view planes, std::size_t plane_bytes, const PlaneBits& expected) {
    for (std::size_t begin = 0; begin < planes.size(); begin += plane_bytes) {
        // At most: all that there are of all planes.
        if (repeats(planes.substr(begin, plane_bytes), std::clamp(expected.least, 0.5, 8.0))) {
            return true;
        }
    }
    return false;
}

struct Choice {
    Form form = kPacked;
    PlaneBits expected;  // of planes
};

// The form that should be smallest.
Choice choose(absl::Span<const std::uint64_t> values,
              const Range& range,
              const Range& delta_range) {
    Choice choice;
    double least = range.bits();
    if (delta_range.bits() < least) {
        choice.form = kPackedDeltas;
        least = delta_range.bits();
    }
    if (values.size() < kPlanesMin) {
        return choice;
    }
    // Planes cost a second step; they have to earn it.
    constexpr double kGain = 0.97;
    const auto value = [&](std::size_t i) {
        return values[i];
    };
    if (const auto bits = entropy_of_planes(values.size(), value, range);
        bits.least < least * kGain) {
        choice = {kPlanes, bits};
        least = bits.least;
    }
    // Differences of values without an order have a bit more than the values.
    if (delta_range.bits() <= range.bits()) {
        const auto delta = [&](std::size_t i) {
            return delta_at(values, i);
        };
        if (const auto bits = entropy_of_planes(values.size() - 1, delta, delta_range);
            bits.least < least * kGain) {
            choice = {kPlanesOfDeltas, bits};
        }
    }
    return choice;
}

}  // namespace

EncodedIntegers encode_integers(absl::Span<const std::uint64_t> values) {
    EncodedIntegers out;
    base::ByteWriter w(out.bytes);
    const Extremes e = values.empty() ? Extremes() : extremes_of(values);
    const Range range{e.min, e.max - e.min};
    if (range.span == 0) {
        w.u8(kEqual);
        w.varint(range.min);
        return out;
    }
    const std::uint64_t delta_min = signed_to_ordered(e.delta_min);
    const Range delta_range{delta_min, signed_to_ordered(e.delta_max) - delta_min};
    const auto [form, expected] = choose(values, range, delta_range);
    const bool of_deltas = form == kPackedDeltas || form == kPlanesOfDeltas;
    const Range& used = of_deltas ? delta_range : range;
    const std::vector<std::uint64_t> deltas =
        of_deltas ? deltas_of(values) : std::vector<std::uint64_t>();
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
        const std::size_t begin = out.bytes.size();
        write_planes(numbers, used, out.bytes);
        const std::string_view bytes = std::string_view(out.bytes).substr(begin);
        if (expected.codes <= expected.matches && !any_repeats(bytes, numbers.size(), expected)) {
            out.zstd_level = kCodesOnly;
        }
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

namespace {

// Numbers of so few bits are counted without a look at each whether it is below the limit: there
// are counts for all that such bits can say.
constexpr unsigned kCountedBitsMax = 12;

// Neighbours go to counts of their own: to add to the same one, an addition has to wait for the one
// before.
template <typename Number>
void count_each(absl::Span<const Number> numbers, std::uint32_t* counts, std::size_t counts_size) {
    constexpr std::size_t kLanes = 4;
    constexpr std::size_t kPerCount = 8;  // or it is not worth it to add the lanes up
    std::size_t i = 0;
    if (numbers.size() >= kPerCount * counts_size) {
        std::vector<std::uint32_t> lanes(kLanes * counts_size);
        for (; i + kLanes <= numbers.size(); i += kLanes) {
            for (std::size_t lane = 0; lane < kLanes; ++lane) {
                ++lanes[lane * counts_size + numbers[i + lane]];
            }
        }
        for (std::size_t lane = 0; lane < kLanes; ++lane) {
            for (std::size_t n = 0; n < counts_size; ++n) {
                counts[n] += lanes[lane * counts_size + n];
            }
        }
    }
    for (; i < numbers.size(); ++i) {
        ++counts[numbers[i]];
    }
}

// Of a number without the least one, which has so many bits.
void count_stored(const Stored& stored,
                  unsigned bits,
                  std::size_t count,
                  absl::Span<std::uint32_t> counts) {
    if (bits == 0) {
        counts[0] = static_cast<std::uint32_t>(count);
    } else if (stored.planes()) {
        const auto* const bytes = reinterpret_cast<const std::uint8_t*>(stored.body.data());
        count_each(absl::MakeConstSpan(bytes, count), counts.data(), counts.size());
    } else {
        thread_local std::vector<std::uint32_t> room;  // so it is in the CPU's memory
        room.resize(std::max(room.size(), count));
        const absl::Span<std::uint32_t> numbers = absl::MakeSpan(room).first(count);
        unpack_bits(stored.body, bits, std::uint32_t{0}, numbers);
        count_each(absl::Span<const std::uint32_t>(numbers), counts.data(), counts.size());
    }
}

}  // namespace

std::vector<std::uint32_t> counts_of(absl::Span<const std::uint32_t> numbers, std::size_t limit) {
    std::vector<std::uint32_t> counts(limit);
    count_each(numbers, counts.data(), counts.size());
    return counts;
}

StatusOr<std::vector<std::uint32_t>> count_numbers(std::string_view bytes,
                                                   std::size_t count,
                                                   std::uint32_t limit) {
    LOGI_ASSIGN_OR_RETURN(const Stored stored, stored_in(bytes, count));
    const unsigned bits = stored.planes() ? 8 * stored.width : stored.width;
    if (stored.of_deltas() || bits > kCountedBitsMax || stored.min >= limit) {
        std::vector<std::uint32_t> numbers(count);
        LOGI_RETURN_IF_ERROR(decode_numbers(bytes, limit, absl::MakeSpan(numbers)));
        return counts_of(numbers, limit);
    }
    const std::size_t first = static_cast<std::size_t>(stored.min);
    std::vector<std::uint32_t> counts(std::max<std::size_t>(limit, first + (1U << bits)));
    count_stored(stored, bits, count, absl::MakeSpan(counts).subspan(first, 1U << bits));
    const auto end = counts.begin() + limit;
    if (std::any_of(end, counts.end(), [](std::uint32_t n) { return n > 0; })) {
        return malformed();
    }
    counts.resize(limit);
    return counts;
}

}  // namespace logi::codec
