#include "block/times_column.h"

#include "base/bytes.h"
#include "codec/compress.h"
#include "codec/integers.h"

#include <numeric>

namespace logi::block {
namespace {

// All arithmetic is modulo 2^64: times may be as far apart as can be.
std::uint64_t ns_of(const Row& row) {
    return static_cast<std::uint64_t>(row.time.ns);
}

std::uint64_t magnitude(std::int64_t v) {
    return v < 0 ? 0 - static_cast<std::uint64_t>(v) : static_cast<std::uint64_t>(v);
}

struct Differences {
    std::vector<std::int64_t> of_runs;   // between the first times of neighbouring runs
    std::vector<std::uint64_t> of_rows;  // within runs
};

Differences differences_of(absl::Span<const Row> rows) {
    Differences d;
    d.of_rows.reserve(rows.size());
    std::uint64_t first = ns_of(rows[0]);
    for (std::size_t i = 1; i < rows.size(); ++i) {
        if (rows[i].stream == rows[i - 1].stream) {
            d.of_rows.push_back(ns_of(rows[i]) - ns_of(rows[i - 1]));
        } else {
            d.of_runs.push_back(static_cast<std::int64_t>(ns_of(rows[i]) - first));
            first = ns_of(rows[i]);
        }
    }
    return d;
}

// The greatest unit of which all are multiples.
std::uint64_t unit_of(const Differences& d) {
    std::uint64_t unit = 0;
    for (std::size_t i = 0; i < d.of_rows.size() && unit != 1; ++i) {
        unit = std::gcd(unit, d.of_rows[i]);
    }
    for (std::size_t i = 0; i < d.of_runs.size() && unit != 1; ++i) {
        unit = std::gcd(unit, magnitude(d.of_runs[i]));
    }
    return std::max<std::uint64_t>(unit, 1);
}

}  // namespace

std::string encode_times(absl::Span<const Row> rows) {
    Differences d = differences_of(rows);
    const std::uint64_t unit = unit_of(d);
    std::string raw;
    base::ByteWriter w(raw);
    w.zigzag(rows[0].time.ns);
    w.varint(unit);
    for (const std::int64_t difference : d.of_runs) {
        const auto units = static_cast<std::int64_t>(magnitude(difference) / unit);
        w.zigzag(difference < 0 ? -units : units);
    }
    std::size_t piece = codec::kOnePiece;
    int level = codec::kZstdLevel;
    if (!d.of_rows.empty()) {
        if (unit > 1) {
            for (std::uint64_t& difference : d.of_rows) {
                difference /= unit;
            }
        }
        const codec::EncodedIntegers encoded = codec::encode_integers(d.of_rows);
        w.bytes(encoded.bytes);
        piece = encoded.plane_bytes > 0 ? encoded.plane_bytes : piece;
        level = encoded.zstd_level;
    }
    return codec::compress(raw, level, piece);
}

StatusOr<std::vector<Timestamp>> decode_times(std::string_view raw,
                                              absl::Span<const std::uint32_t> streams) {
    const Status bad = absl::DataLossError("times are malformed");
    if (streams.empty()) {
        return bad;
    }
    base::ByteReader r(raw);
    std::uint64_t first = static_cast<std::uint64_t>(r.zigzag());
    const std::uint64_t unit = r.varint();
    std::vector<std::uint64_t> run_firsts;
    for (std::size_t i = 1; i < streams.size(); ++i) {
        if (streams[i] != streams[i - 1]) {
            run_firsts.push_back(static_cast<std::uint64_t>(r.zigzag()) * unit);
        }
    }
    const std::size_t within = streams.size() - 1 - run_firsts.size();
    std::vector<std::uint64_t> differences;
    if (!r.ok() || (within == 0 && !r.done())) {
        return bad;
    }
    if (within > 0) {
        LOGI_RETURN_IF_ERROR(codec::decode_integers(r.bytes(r.left()), within, differences));
    }
    std::vector<Timestamp> times(streams.size());
    std::uint64_t ns = first;
    times[0] = {static_cast<std::int64_t>(ns)};
    const std::uint64_t* next = differences.data();
    const std::uint64_t* next_run = run_firsts.data();
    for (std::size_t i = 1; i < streams.size(); ++i) {
        if (streams[i] == streams[i - 1]) {
            ns += *next++ * unit;
        } else {
            first += *next_run++;
            ns = first;
        }
        times[i] = {static_cast<std::int64_t>(ns)};
    }
    return times;
}

}  // namespace logi::block
