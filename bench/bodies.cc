#include "bodies.h"

#include "base/bytes.h"

#include <snappy.h>

namespace logi::bench {
namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000;

// A protobuf field of wire type 2.
void bytes_field(base::ByteWriter& w, std::uint8_t number, std::string_view bytes) {
    w.u8(static_cast<std::uint8_t>(number << 3U | 2U));
    w.string(bytes);
}

void varint_field(base::ByteWriter& w, std::uint8_t number, std::int64_t value) {
    w.u8(static_cast<std::uint8_t>(number << 3U));
    w.varint(static_cast<std::uint64_t>(value));
}

}  // namespace

void BodyWriter::stream(std::uint32_t number, std::string_view labels, std::uint32_t node) {
    streams_.resize(std::max<std::size_t>(streams_.size(), number + 1));
    streams_[number] = {std::string(labels), node};
}

void BodyWriter::entry(std::uint32_t stream, std::int64_t time_ns, std::string_view line) {
    const std::uint32_t node = streams_[stream].node;
    Batch& batch = batches_[node];
    auto& part = batch.parts[stream];
    std::string time;
    base::ByteWriter t(time);
    varint_field(t, 1, time_ns / kSecondNs);
    varint_field(t, 2, time_ns % kSecondNs);
    std::string entry;
    base::ByteWriter e(entry);
    bytes_field(e, 1, time);
    bytes_field(e, 2, line);
    base::ByteWriter w(part.entries);
    bytes_field(w, 2, entry);
    part.lines.emplace_back(line);
    batch.bytes += line.size();
    if (batch.bytes >= batch_bytes_) {
        ship(node, batch);
    }
}

void BodyWriter::ship(std::uint32_t node, Batch& batch) {
    std::string request;
    base::ByteWriter r(request);
    std::vector<std::string> lines;
    for (auto& [stream, part] : batch.parts) {
        std::string message;
        base::ByteWriter m(message);
        bytes_field(m, 1, streams_[stream].labels);
        m.bytes(part.entries);
        bytes_field(r, 1, message);
        for (auto& line : part.lines) {
            lines.push_back(std::move(line));
        }
    }
    std::string body;
    snappy::Compress(request.data(), request.size(), &body);
    put_(node, body, lines);
    batch = {};
}

void BodyWriter::finish() {
    for (auto& [node, batch] : batches_) {
        if (batch.bytes > 0) {
            ship(node, batch);
        }
    }
}

}  // namespace logi::bench
