#include "agent/client/batch.h"

#include "base/bytes.h"

#include <snappy.h>

#include <algorithm>

namespace logi::agent {
namespace {

// Keys of protobuf fields of the wire type "length-delimited", and of varints.
constexpr std::uint8_t bytes_field(unsigned number) {
    return static_cast<std::uint8_t>(number << 3U | 2U);
}
constexpr std::uint8_t varint_field(unsigned number) {
    return static_cast<std::uint8_t>(number << 3U);
}

std::size_t text_field_bytes(std::string_view text) {
    return 1 + base::varint_bytes(text.size()) + text.size();
}

void write_text(base::ByteWriter& out, unsigned number, std::string_view text) {
    out.u8(bytes_field(number));
    out.string(text);
}

// Times before 1970 have negative seconds, and nanoseconds from 0 on.
std::pair<std::int64_t, std::int64_t> split(Timestamp time) {
    std::int64_t seconds = time.ns / kNanosPerSecond;
    std::int64_t nanos = time.ns % kNanosPerSecond;
    if (nanos < 0) {
        nanos += kNanosPerSecond;
        --seconds;
    }
    return {seconds, nanos};
}

}  // namespace

std::size_t entry_bytes(const Entry& entry) {
    std::size_t bytes = entry.line.size();
    for (const LabelPair& pair : entry.metadata) {
        bytes += pair.name.size() + pair.value.size();
    }
    return bytes;
}

void Batch::append(const Entry& entry, std::string& out) {
    const auto [seconds, nanos] = split(entry.time);
    const std::size_t stamp = 2 + base::varint_bytes(static_cast<std::uint64_t>(seconds)) +
                              base::varint_bytes(static_cast<std::uint64_t>(nanos));
    std::size_t size = 1 + base::varint_bytes(stamp) + stamp + text_field_bytes(entry.line);
    for (const LabelPair& pair : entry.metadata) {
        const std::size_t inner = text_field_bytes(pair.name) + text_field_bytes(pair.value);
        size += 1 + base::varint_bytes(inner) + inner;
    }
    const std::size_t before = out.size();
    base::ByteWriter writer(out);
    writer.u8(bytes_field(2));  // Stream.entries
    writer.varint(size);
    writer.u8(bytes_field(1));  // Entry.timestamp
    writer.varint(stamp);
    writer.u8(varint_field(1));
    writer.varint(static_cast<std::uint64_t>(seconds));
    writer.u8(varint_field(2));
    writer.varint(static_cast<std::uint64_t>(nanos));
    write_text(writer, 2, entry.line);
    for (const LabelPair& pair : entry.metadata) {
        writer.u8(bytes_field(3));
        writer.varint(text_field_bytes(pair.name) + text_field_bytes(pair.value));
        write_text(writer, 1, pair.name);
        write_text(writer, 2, pair.value);
    }
    memory_bytes_ += out.size() - before;
    bytes_ += entry_bytes(entry);
    ++entries_;
}

void Batch::hold(const std::shared_ptr<Progress>& progress, std::uint64_t run) {
    // Entries of a source come together as a rule: the last hold is looked at first.
    const bool held = std::any_of(holds_.rbegin(), holds_.rend(), [&](const Hold& hold) {
        return hold.progress == progress && hold.run == run;
    });
    if (!held) {
        progress->hold();
        holds_.push_back({progress, run});
    }
}

void Batch::release_all() {
    for (const Hold& hold : std::exchange(holds_, {})) {
        hold.progress->release(hold.run);
    }
}

std::string Batch::body() const {
    std::string request;
    std::size_t total = 0;
    for (const auto& [key, stream] : streams_) {
        total += stream.entries.size() + stream.labels.size() + 24;
    }
    request.reserve(total);
    base::ByteWriter writer(request);
    for (const auto& [key, stream] : streams_) {
        writer.u8(bytes_field(1));  // PushRequest.streams
        writer.varint(text_field_bytes(stream.labels) + stream.entries.size());
        write_text(writer, 1, stream.labels);
        writer.bytes(stream.entries);
    }
    std::string compressed;
    snappy::Compress(request.data(), request.size(), &compressed);
    return compressed;
}

}  // namespace logi::agent
