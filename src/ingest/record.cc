#include "ingest/record.h"

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/check.h"

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

std::size_t text_bytes(std::string_view text) {
    return base::varint_bytes(text.size()) + text.size();
}

std::int64_t time_step(const EntryView& entry, std::int64_t& last_ns) {
    const auto step = static_cast<std::int64_t>(static_cast<std::uint64_t>(entry.time.ns) -
                                                static_cast<std::uint64_t>(last_ns));
    last_ns = entry.time.ns;
    return step;
}

// What encode_record() writes.
std::size_t record_bytes(std::string_view tenant, const std::vector<AcceptedStream>& streams) {
    std::size_t bytes = 1 + text_bytes(tenant) + base::varint_bytes(streams.size());
    for (const auto& stream : streams) {
        bytes += base::varint_bytes(stream.labels.size());
        for (const auto& pair : stream.labels.pairs()) {
            bytes += text_bytes(pair.name) + text_bytes(pair.value);
        }
        bytes += base::varint_bytes(stream.entries.size());
        std::int64_t last_ns = 0;
        for (const auto& entry : stream.entries) {
            bytes += base::varint_bytes(base::zigzagged(time_step(entry, last_ns)));
            bytes += text_bytes(entry.line) + base::varint_bytes(entry.metadata.size());
            for (const auto& pair : entry.metadata) {
                bytes += text_bytes(pair.name) + text_bytes(pair.value);
            }
        }
    }
    return bytes;
}

}  // namespace

std::shared_ptr<const std::string> encode_record(std::string_view tenant,
                                                 std::vector<AcceptedStream>& streams) {
    auto record = std::make_shared<std::string>();
    std::string& out = *record;
    const std::size_t bytes = record_bytes(tenant, streams);
    out.reserve(bytes);
    base::ByteWriter w(out);
    // Appends the text, and lets it be the copy that was just written.
    const auto move_in = [&](std::string_view& text) {
        w.string(text);
        text = {out.data() + out.size() - text.size(), text.size()};
    };
    w.u8(kRecordVersion);
    w.string(tenant);
    w.varint(streams.size());
    for (auto& stream : streams) {
        w.varint(stream.labels.size());
        for (const auto& pair : stream.labels.pairs()) {
            w.string(pair.name);
            w.string(pair.value);
        }
        w.varint(stream.entries.size());
        std::int64_t last_ns = 0;
        for (auto& entry : stream.entries) {
            w.zigzag(time_step(entry, last_ns));
            move_in(entry.line);
            w.varint(entry.metadata.size());
            for (auto& pair : entry.metadata) {
                move_in(pair.name);
                move_in(pair.value);
            }
        }
    }
    LOGI_CHECK(out.size() == bytes);  // else the bytes have moved under the entries
    return record;
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
