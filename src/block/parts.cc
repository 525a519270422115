#include "block/parts.h"

#include "base/crc32c.h"
#include "codec/compress.h"

#include <algorithm>

namespace logi::block {
namespace {

// zstd has to save a twentieth, or it is not worth the time of readers.
bool pays(std::size_t compressed, std::size_t raw) {
    return compressed + raw / 20 < raw;
}
constexpr std::size_t kCompressedMin = 48;
// Such a tree is unpacked in less time than zstd takes to make its codes.
constexpr std::size_t kSmallTree = 16U << 10U;
// Of an entry of a directory.
constexpr std::size_t kPartBytesMin = 6;

}  // namespace

std::string EncodedColumns::whole_tree() const {
    std::string whole;
    if (!letters.empty()) {
        base::ByteWriter w(whole);
        w.u8(kLettersAhead);
        w.string(letters);
    }
    whole.append(tree);
    return whole;
}

std::string EncodedColumns::packed_tree() const {
    return codec::compress(whole_tree(),
                           tree.size() <= kSmallTree ? codec::kQuickLevel : codec::kZstdLevel);
}

void PartWriter::begin_pool() {
    end_pool();
    // Its place is ahead of the parts that come while it is open.
    pool_part_ = parts_.size();
    parts_.emplace_back();
    pool_open_ = true;
}

void PartWriter::end_pool() {
    if (!pool_open_) {
        return;
    }
    pool_open_ = false;
    store(parts_[pool_part_], pool_, codec::kOnePiece, codec::kZstdLevel, data_);
    data_.append(beside_pool_);
    beside_pool_.clear();
    pool_.clear();
}

void PartWriter::store(
    Part& part, std::string_view bytes, std::size_t piece, int level, std::string& to) {
    const std::size_t begin = to.size();
    if (piece > 0 && bytes.size() >= kCompressedMin) {
        codec::append_zstd(bytes, to, level, piece);
        if (pays(to.size() - begin, bytes.size())) {
            part.raw = bytes.size();
        } else {
            to.resize(begin);
        }
    }
    if (part.raw == 0) {
        to.append(bytes);
    }
    part.stored = to.size() - begin;
    part.crc = base::crc32c(std::string_view(to).substr(begin));
}

void PartWriter::add(std::string_view payload, std::size_t piece, std::string& meta, int level) {
    base::ByteWriter(meta).varint(payload.size());
    if (payload.size() < kPooledBytes) {
        pool_.append(payload);
        return;
    }
    store(parts_.emplace_back(), payload, piece, level, pool_open_ ? beside_pool_ : data_);
}

EncodedColumns PartWriter::finish(std::string_view columns) {
    end_pool();
    EncodedColumns out;
    base::ByteWriter w(out.tree);
    w.varint(parts_.size());
    for (const Part& part : parts_) {
        w.varint(part.stored);
        w.varint(part.raw);
        w.u32(part.crc);
    }
    w.bytes(columns);
    out.data = std::move(data_);
    return out;
}

Payload PayloadCursor::take(base::ByteReader& meta) {
    const auto size = static_cast<std::uint32_t>(meta.varint());
    if (size >= kPooledBytes) {
        return {next_++, 0, size};
    }
    const Payload payload{pool_, pooled_, size};
    pooled_ += size;
    return payload;
}

Status PartReader::open(base::ByteReader& directory, Fetch fetch) {
    fetch_ = std::move(fetch);
    std::uint64_t offset = 0;
    std::uint64_t n = directory.varint();
    parts_.reserve(std::min<std::uint64_t>(n, directory.left() / kPartBytesMin));
    for (; n > 0 && directory.ok(); --n) {
        Part part;
        part.offset = offset;
        part.stored = directory.varint();
        part.raw = directory.varint();
        part.crc = directory.u32();
        if (part.stored > codec::kRawBytesMax || part.raw > codec::kRawBytesMax) {
            return absl::DataLossError("a part is too large");
        }
        offset += part.stored;
        parts_.push_back(std::move(part));
    }
    return directory.ok() ? absl::OkStatus() : absl::DataLossError("the directory is cut short");
}

Status PartReader::load(Part& part) {
    if (part.loaded) {
        return absl::OkStatus();
    }
    LOGI_ASSIGN_OR_RETURN(const std::string stored, fetch_(part.offset, part.stored));
    if (stored.size() != part.stored || base::crc32c(stored) != part.crc) {
        return absl::DataLossError("a part has a wrong checksum");
    }
    if (part.raw > 0) {
        LOGI_ASSIGN_OR_RETURN(part.bytes, codec::unpack_zstd(stored, part.raw));
    } else {
        part.bytes = base::Buffer::copy_of(stored);
    }
    part.loaded = true;
    return absl::OkStatus();
}

std::uint64_t PartReader::stored_bytes(const Payload& where) const {
    if (where.part >= parts_.size()) {
        return 0;
    }
    const Part& part = parts_[where.part];
    return part.raw == 0 ? where.size : where.size * part.stored / part.raw;
}

StatusOr<std::string_view> PartReader::payload(const Payload& where) {
    if (where.size == 0) {
        return std::string_view();
    }
    if (where.part >= parts_.size()) {
        return absl::DataLossError("a column has no part");
    }
    Part& part = parts_[where.part];
    LOGI_RETURN_IF_ERROR(load(part));
    const std::string_view bytes = part.bytes.view();
    if (where.offset > bytes.size() || where.size > bytes.size() - where.offset) {
        return absl::DataLossError("a column is longer than its part");
    }
    return bytes.substr(where.offset, where.size);
}

}  // namespace logi::block
