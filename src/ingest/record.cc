#include "ingest/record.h"

#include "absl/strings/str_cat.h"
#include "base/bytes.h"

namespace logi::ingest {
namespace {

constexpr std::uint8_t kRecordVersion = 1;

AcceptedStream decode_stream(base::ByteReader& r) {
    AcceptedStream stream;
    std::vector<LabelPair> pairs;
    for (std::uint64_t n = r.varint(); n > 0 && r.ok(); --n) {
        LabelPair pair;
        pair.name = std::string(r.string());
        pair.value = std::string(r.string());
        pairs.push_back(std::move(pair));
    }
    stream.labels = Labels::from_pairs(std::move(pairs));
    stream.id = stream.labels.id();
    std::int64_t time_ns = 0;
    for (std::uint64_t n = r.varint(); n > 0 && r.ok(); --n) {
        EntryView entry;
        time_ns = static_cast<std::int64_t>(static_cast<std::uint64_t>(time_ns) +
                                            static_cast<std::uint64_t>(r.zigzag()));
        entry.time = {time_ns};
        entry.line = r.string();
        for (std::uint64_t m = r.varint(); m > 0 && r.ok(); --m) {
            MetadataView pair;
            pair.name = r.string();
            pair.value = r.string();
            entry.metadata.push_back(pair);
        }
        stream.entries.push_back(std::move(entry));
    }
    return stream;
}

}  // namespace

std::string encode_record(std::string_view tenant, const std::vector<AcceptedStream>& streams) {
    std::size_t bytes = 64 + tenant.size();
    for (const auto& stream : streams) {
        bytes += 256;
        for (const auto& entry : stream.entries) {
            bytes += entry.line.size() + 16;
        }
    }
    std::string out;
    out.reserve(bytes);
    base::ByteWriter w(out);
    w.u8(kRecordVersion);
    w.string(tenant);
    w.varint(streams.size());
    for (const auto& stream : streams) {
        w.varint(stream.labels.size());
        for (const auto& pair : stream.labels.pairs()) {
            w.string(pair.name);
            w.string(pair.value);
        }
        w.varint(stream.entries.size());
        std::uint64_t last_ns = 0;
        for (const auto& entry : stream.entries) {
            const auto ns = static_cast<std::uint64_t>(entry.time.ns);
            w.zigzag(static_cast<std::int64_t>(ns - last_ns));
            last_ns = ns;
            w.string(entry.line);
            w.varint(entry.metadata.size());
            for (const auto& pair : entry.metadata) {
                w.string(pair.name);
                w.string(pair.value);
            }
        }
    }
    return out;
}

StatusOr<DecodedRecord> decode_record(std::string_view payload) {
    base::ByteReader r(payload);
    if (const std::uint8_t version = r.u8(); version != kRecordVersion) {
        return absl::UnimplementedError(
            absl::StrCat("push record of version ", static_cast<int>(version), " is not known"));
    }
    DecodedRecord record;
    record.tenant = r.string();
    for (std::uint64_t n = r.varint(); n > 0 && r.ok(); --n) {
        record.streams.push_back(decode_stream(r));
    }
    if (!r.ok() || !r.done()) {
        return absl::DataLossError("push record does not fit its length");
    }
    return record;
}

}  // namespace logi::ingest
