#include "journal/journal_reader.h"

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "base/bytes.h"

#include <cstring>

namespace logi::journal {

namespace {

// Read at once; a record that is longer widens the window.
constexpr std::uint64_t kWindowBytes = 4ULL << 20U;

}  // namespace

StatusOr<std::unique_ptr<JournalReader>> JournalReader::open(io::FileSystem& files,
                                                             const std::string& path) {
    LOGI_ASSIGN_OR_RETURN(auto file, files.open(path));
    LOGI_ASSIGN_OR_RETURN(const std::string bytes,
                          file->read(0, std::min<std::uint64_t>(file->size(), kPreambleBytes)));
    const auto preamble = decode_preamble(bytes);
    if (!preamble.ok()) {
        return Status(preamble.status().code(),
                      absl::StrCat(path, ": offset 0: ", preamble.status().message()));
    }
    return absl::WrapUnique(new JournalReader(std::move(file), *preamble));
}

JournalReader::JournalReader(std::shared_ptr<const io::ReadableFile> file, const Preamble& preamble)
    : file_(std::move(file)),
      header_(preamble.header),
      end_(file_->size()),
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
    if (bytes > file_->size()) {
        // Durable bytes are missing at the end.
        note_damage(file_->size(), bytes);
    } else {
        end_ = bytes;
    }
}

StatusOr<std::string_view> JournalReader::bytes_at(std::uint64_t offset, std::uint64_t length) {
    const bool inside =
        offset >= window_offset_ && offset + length <= window_offset_ + window_bytes_;
    if (!inside) {
        const std::uint64_t wanted =
            std::min(std::max(length, kWindowBytes), file_->size() - offset);
        if (window_.size() < wanted) {
            window_ = base::Buffer(wanted);
        }
        window_bytes_ = 0;
        LOGI_RETURN_IF_ERROR(file_->read_into(offset, {window_.data(), wanted}));
        window_offset_ = offset;
        window_bytes_ = wanted;
    }
    const std::uint64_t at = offset - window_offset_;
    return window_.view().substr(at, window_bytes_ - at);
}

StatusOr<std::optional<Record>> JournalReader::record_at(std::uint64_t offset) {
    if (end_ - offset < kRecordHeaderBytes) {
        return std::nullopt;
    }
    LOGI_ASSIGN_OR_RETURN(const std::string_view head, bytes_at(offset, kRecordHeaderBytes));
    base::ByteReader r(head);
    const std::uint32_t magic = r.u32();
    const std::uint32_t length = r.u32();
    const std::uint64_t position = r.u64();
    const std::uint32_t crc = r.u32();
    if (magic != kRecordMagic || length > end_ - offset - kRecordHeaderBytes ||
        position <= last_position_) {
        return std::nullopt;
    }
    LOGI_ASSIGN_OR_RETURN(const std::string_view record,
                          bytes_at(offset, kRecordHeaderBytes + length));
    const std::string_view payload = record.substr(kRecordHeaderBytes, length);
    if (crc != record_crc(header_.salt, length, position, payload)) {
        return std::nullopt;
    }
    return Record{position, payload, offset};
}

StatusOr<std::uint64_t> JournalReader::next_candidate(std::uint64_t offset) {
    const char first = static_cast<char>(kRecordMagic & 0xFFU);
    while (offset < end_) {
        LOGI_ASSIGN_OR_RETURN(std::string_view bytes, bytes_at(offset, 1));
        bytes = bytes.substr(0, end_ - offset);
        if (const void* hit = std::memchr(bytes.data(), first, bytes.size()); hit != nullptr) {
            return offset +
                   static_cast<std::uint64_t>(static_cast<const char*>(hit) - bytes.data());
        }
        offset += bytes.size();
    }
    return end_;
}

StatusOr<std::optional<Record>> JournalReader::next() {
    const std::uint64_t begin = offset_;
    while (offset_ < end_) {
        LOGI_ASSIGN_OR_RETURN(const auto record, record_at(offset_));
        if (record) {
            if (offset_ != begin) {
                note_damage(begin, offset_);
            }
            offset_ += kRecordHeaderBytes + record->payload.size();
            last_position_ = record->position;
            good_end_ = offset_;
            return record;
        }
        LOGI_ASSIGN_OR_RETURN(offset_, next_candidate(offset_ + 1));
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

void JournalReader::note_damage(std::uint64_t from, std::uint64_t to) {
    if (damaged_bytes_ == 0) {
        damage_offset_ = from;
    }
    damaged_bytes_ += to - from;
}

}  // namespace logi::journal
