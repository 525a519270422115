// The payloads of columns, gathered into parts: runs of bytes that are read, checked and
// decompressed as a whole. Small payloads of neighbouring columns share one (a pool), so that a
// part is worth its checksum (format: docs/format.md, "Parts").
#pragma once

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/status.h"
#include "codec/compress.h"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace logi::block {

// A payload below this goes to the pool.
inline constexpr std::size_t kPooledBytes = 256;

// Before the letters in front of a tree, where without them the number of parts stands.
inline constexpr std::uint8_t kLettersAhead = 0;

// Columns on their way into a block.
struct EncodedColumns {
    std::string tree;     // the directory of parts, and what the columns are; not yet compressed
    std::string data;     // the parts
    std::string letters;  // of lines: LetterTriples of their texts, or nothing

    // The tree with what goes in front of it; and as a block stores that.
    [[nodiscard]] std::string whole_tree() const;
    [[nodiscard]] std::string packed_tree() const;
};

class PartWriter {
  public:
    // From here on small payloads go to a new pool.
    void begin_pool();
    // Appends what the tree of columns needs to tell of the payload: its length. It is offered
    // to zstd in such pieces and of that level (codec/compress.h) unless they are of 0 bytes.
    void add(std::string_view payload,
             std::size_t piece,
             std::string& meta,
             int level = codec::kZstdLevel);
    // Nothing is added any more. The tree is the directory, then `columns`; the data are the parts,
    // one after another, which the directory lists: varint stored length, varint raw length or 0
    // where the bytes are stored as they are, u32 CRC of the stored bytes.
    [[nodiscard]] EncodedColumns finish(std::string_view columns);
    // Of the pool that small payloads go to.
    [[nodiscard]] std::size_t pool() const { return pool_part_; }

  private:
    struct Part {
        std::uint64_t stored = 0;
        std::uint64_t raw = 0;
        std::uint32_t crc = 0;
    };
    static void store(
        Part& part, std::string_view bytes, std::size_t piece, int level, std::string& to);
    void end_pool();

    std::string data_;
    std::string beside_pool_;  // the parts that came while the pool is open: they follow it
    std::vector<Part> parts_;
    std::string pool_;
    std::size_t pool_part_ = 0;
    bool pool_open_ = false;
};

// Where a payload is: found while the tree of columns is parsed, in the order in which it was
// written.
struct Payload {
    std::uint32_t part = 0;
    std::uint32_t offset = 0;
    std::uint32_t size = 0;
};

class PayloadCursor {
  public:
    explicit PayloadCursor(std::uint32_t pool) : pool_(pool), next_(pool + 1) {}
    Payload take(base::ByteReader& meta);
    [[nodiscard]] std::uint32_t next_part() const { return next_; }

  private:
    std::uint32_t pool_;
    std::uint32_t next_;
    std::uint32_t pooled_ = 0;
};

// Reads parts when they are asked for, once. One thread.
class PartReader {
  public:
    // Gives bytes of the region that data() went to.
    using Fetch = std::function<StatusOr<std::string>(std::uint64_t offset, std::uint64_t length)>;

    // kDataLoss if the directory is malformed; it is read up to its end.
    Status open(base::ByteReader& directory, Fetch fetch);
    // Valid as long as the reader. kDataLoss if it is not there or damaged.
    StatusOr<std::string_view> payload(const Payload& where);
    // What a payload takes as it is stored; of one in a pool, its share.
    [[nodiscard]] std::uint64_t stored_bytes(const Payload& where) const;

  private:
    struct Part {
        std::uint64_t offset = 0;
        std::uint64_t stored = 0;
        std::uint64_t raw = 0;
        std::uint32_t crc = 0;
        bool loaded = false;
        base::Buffer bytes;  // unpacked
    };
    Status load(Part& part);

    Fetch fetch_;
    std::vector<Part> parts_;
};

}  // namespace logi::block
