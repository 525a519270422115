// Push bodies as agents send them: Loki's protobuf in a snappy block.
//
// A file of bodies is a row of (u32 node, u32 length, bytes), little-endian, in the order in which
// they were filled.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace logi::bench {

// Gathers entries per node until a batch is full. One agent ships all streams of its node, in
// order.
class BodyWriter {
  public:
    // `put` gets each body with its lines, which are ordered by stream as in the body.
    using Put = std::function<void(
        std::uint32_t node, std::string_view body, const std::vector<std::string>& lines)>;
    BodyWriter(std::size_t batch_bytes, Put put)
        : batch_bytes_(batch_bytes), put_(std::move(put)) {}

    void stream(std::uint32_t number, std::string_view labels, std::uint32_t node);
    void entry(std::uint32_t stream, std::int64_t time_ns, std::string_view line);
    // Hands out what is not full yet.
    void finish();

  private:
    struct Stream {
        std::string labels;
        std::uint32_t node;
    };
    struct Batch {
        struct Part {
            std::string entries;  // encoded
            std::vector<std::string> lines;
        };
        std::map<std::uint32_t, Part> parts;  // by stream
        std::size_t bytes = 0;
    };
    void ship(std::uint32_t node, Batch& batch);

    const std::size_t batch_bytes_;
    const Put put_;
    std::vector<Stream> streams_;
    std::map<std::uint32_t, Batch> batches_;  // by node
};

}  // namespace logi::bench
