#include "journal/journal_reader.h"

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "base/bytes.h"

#include <cstring>

namespace logi::journal {

StatusOr<std::unique_ptr<JournalReader>> JournalReader::open(io::FileSystem& files,
                                                             const std::string& path) {
    LOGI_ASSIGN_OR_RETURN(const auto file, files.open(path));
    LOGI_ASSIGN_OR_RETURN(std::string bytes, file->read(0, file->size()));
    const auto preamble = decode_preamble(bytes);
    if (!preamble.ok()) {
        return Status(preamble.status().code(),
                      absl::StrCat(path, ": offset 0: ", preamble.status().message()));
    }
    return absl::WrapUnique(new JournalReader(std::move(bytes), *preamble));
}

JournalReader::JournalReader(std::string bytes, const Preamble& preamble)
    : bytes_(std::move(bytes)),
      header_(preamble.header),
      end_(bytes_.size()),
      offset_(preamble.records_begin),
      good_end_(preamble.records_begin) {
    if (end_ < preamble.records_begin) {
        // Cut off while it was begun: nothing was acknowledged yet.
        torn_bytes_ = end_;
        offset_ = end_;
        good_end_ = 0;
    } else if (preamble.damaged_bytes > 0) {
        note_damage(preamble.damage_offset, preamble.damage_offset + preamble.damaged_bytes);
    }
}

void JournalReader::limit(std::uint64_t bytes) {
    limited_ = true;
    if (bytes > bytes_.size()) {
        // Durable bytes are missing at the end.
        note_damage(bytes_.size(), static_cast<std::size_t>(bytes));
    } else {
        end_ = static_cast<std::size_t>(bytes);
    }
}

std::optional<Record> JournalReader::record_at(std::size_t offset) const {
    if (end_ - offset < kRecordHeaderBytes) {
        return std::nullopt;
    }
    base::ByteReader r(std::string_view(bytes_).substr(offset, end_ - offset));
    const std::uint32_t magic = r.u32();
    const std::uint32_t length = r.u32();
    const std::uint64_t position = r.u64();
    const std::uint32_t crc = r.u32();
    if (magic != kRecordMagic || length > r.left() || position <= last_position_) {
        return std::nullopt;
    }
    const std::string_view payload = r.bytes(length);
    if (crc != record_crc(header_.salt, length, position, payload)) {
        return std::nullopt;
    }
    return Record{position, payload, offset};
}

std::optional<Record> JournalReader::next() {
    const std::size_t begin = offset_;
    while (offset_ < end_) {
        if (const auto record = record_at(offset_)) {
            if (offset_ != begin) {
                note_damage(begin, offset_);
            }
            offset_ += kRecordHeaderBytes + record->payload.size();
            last_position_ = record->position;
            good_end_ = offset_;
            return record;
        }
        // Look for the next place where a record may begin.
        const char first = static_cast<char>(kRecordMagic & 0xFFU);
        const void* hit = std::memchr(bytes_.data() + offset_ + 1, first, end_ - offset_ - 1);
        offset_ = hit == nullptr
                      ? end_
                      : static_cast<std::size_t>(static_cast<const char*>(hit) - bytes_.data());
    }
    if (begin < end_) {
        if (limited_) {
            note_damage(begin, end_);
        } else {
            torn_bytes_ = end_ - begin;
        }
    }
    return std::nullopt;
}

void JournalReader::note_damage(std::size_t from, std::size_t to) {
    if (damaged_bytes_ == 0) {
        damage_offset_ = from;
    }
    damaged_bytes_ += to - from;
}

}  // namespace logi::journal
