#include "rule/write_request.h"

#include "base/bytes.h"
#include "base/crc32c.h"

#include <snappy.h>

#include <bit>

namespace logi::rule {
namespace {

constexpr std::string_view kRequestMagic = "LGRW";
constexpr std::uint8_t kRequestVersion = 1;
constexpr std::size_t kCrcBytes = 4;

// Keys of protobuf's fields.
constexpr std::uint8_t kVarint = 0;
constexpr std::uint8_t kFixed64 = 1;
constexpr std::uint8_t kBytes = 2;
constexpr std::uint8_t key_of(std::uint8_t number, std::uint8_t type) {
    return static_cast<std::uint8_t>(number << 3U | type);
}

std::string message_of_series(const RecordedSample& sample) {
    std::string series;
    base::ByteWriter out(series);
    for (const LabelPair& pair : sample.labels.pairs()) {
        std::string label;
        base::ByteWriter inner(label);
        inner.u8(key_of(1, kBytes));
        inner.string(pair.name);
        inner.u8(key_of(2, kBytes));
        inner.string(pair.value);
        out.u8(key_of(1, kBytes));  // TimeSeries.labels
        out.string(label);
    }
    std::string point;
    base::ByteWriter inner(point);
    inner.u8(key_of(1, kFixed64));
    inner.u64(std::bit_cast<std::uint64_t>(sample.value));
    inner.u8(key_of(2, kVarint));
    inner.varint(static_cast<std::uint64_t>(sample.time.ns / kNanosPerMilli));
    out.u8(key_of(2, kBytes));  // TimeSeries.samples
    out.string(point);
    return series;
}

}  // namespace

std::string encode_samples(const std::vector<RecordedSample>& samples) {
    std::string out(kRequestMagic);
    base::ByteWriter writer(out);
    writer.u8(kRequestVersion);
    writer.varint(samples.size());
    for (const RecordedSample& sample : samples) {
        writer.i64(sample.time.ns);
        writer.u64(std::bit_cast<std::uint64_t>(sample.value));
        writer.varint(sample.labels.size());
        for (const LabelPair& pair : sample.labels.pairs()) {
            writer.string(pair.name);
            writer.string(pair.value);
        }
    }
    writer.u32(base::crc32c(out));
    return out;
}

StatusOr<std::vector<RecordedSample>> decode_samples(const std::string& object) {
    const std::string_view all = object;
    if (!all.starts_with(kRequestMagic) || all.size() <= kRequestMagic.size() + kCrcBytes) {
        return absl::DataLossError("not recorded samples");
    }
    const std::string_view body = all.substr(0, all.size() - kCrcBytes);
    if (base::ByteReader(all.substr(body.size())).u32() != base::crc32c(body)) {
        return absl::DataLossError("recorded samples are damaged");
    }
    base::ByteReader reader(body.substr(kRequestMagic.size()));
    if (reader.u8() != kRequestVersion) {
        return absl::DataLossError("recorded samples have a version that is not known");
    }
    std::vector<RecordedSample> samples;
    for (std::uint64_t n = reader.varint(); n > 0 && reader.ok(); --n) {
        RecordedSample sample;
        sample.time = {reader.i64()};
        sample.value = std::bit_cast<double>(reader.u64());
        std::vector<LabelPair> pairs;
        for (std::uint64_t left = reader.varint(); left > 0 && reader.ok(); --left) {
            std::string name(reader.string());
            pairs.push_back({std::move(name), std::string(reader.string())});
        }
        sample.labels = Labels::from_pairs(std::move(pairs));
        samples.push_back(std::move(sample));
    }
    if (!reader.ok()) {
        return absl::DataLossError("recorded samples are cut off");
    }
    return samples;
}

std::string write_request(const std::vector<RecordedSample>& samples) {
    std::string request;
    base::ByteWriter writer(request);
    for (const RecordedSample& sample : samples) {
        writer.u8(key_of(1, kBytes));  // WriteRequest.timeseries
        writer.string(message_of_series(sample));
    }
    std::string compressed;
    snappy::Compress(request.data(), request.size(), &compressed);
    return compressed;
}

}  // namespace logi::rule
