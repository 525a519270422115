// Reads one journal file record by record, over damage.
#pragma once

#include "base/buffer.h"
#include "io/file_system.h"
#include "journal/journal_format.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace logi::journal {

struct Record {
    std::uint64_t position = 0;
    std::string_view payload;  // valid until the next call
    std::uint64_t offset = 0;  // of the record's header in the file
};

// CRC-32C over salt, length, position and payload. The salt is random per file, so that bytes that
// somebody pushed as a log line can never pass for a record.
[[nodiscard]] std::uint32_t record_crc(std::uint64_t salt,
                                       std::uint32_t length,
                                       std::uint64_t position,
                                       std::string_view payload);

// Holds a window of the file, as large as its largest record needs. One thread at a time.
class JournalReader {
  public:
    // kDataLoss if both copies of the header are damaged; other errors are those of FileSystem.
    static StatusOr<std::unique_ptr<JournalReader>> open(io::FileSystem& files,
                                                         const std::string& path);

    [[nodiscard]] const FileHeader& header() const { return header_; }
    // Only the first `bytes` of the file hold acknowledged records.
    void limit(std::uint64_t bytes);

    // The next good record, or nothing at the end. Bytes that are no record are skipped: they count
    // as damage when a good record follows or when limit() says that they were durable, else as
    // torn tail. Errors are those of reading the file.
    StatusOr<std::optional<Record>> next();

    // Offset after the last good record so far.
    [[nodiscard]] std::uint64_t good_end() const { return good_end_; }
    [[nodiscard]] std::uint64_t damaged_bytes() const { return damaged_bytes_; }
    // Offset of the first damaged byte; meaningful when damaged_bytes() > 0.
    [[nodiscard]] std::uint64_t damage_offset() const { return damage_offset_; }
    // Known after next() gave nothing.
    [[nodiscard]] std::uint64_t torn_bytes() const { return torn_bytes_; }

  private:
    JournalReader(std::shared_ptr<const io::ReadableFile> file, const Preamble& preamble);
    // At least `length` bytes from `offset`, which are in the file; valid until the next call.
    StatusOr<std::string_view> bytes_at(std::uint64_t offset, std::uint64_t length);
    StatusOr<std::optional<Record>> record_at(std::uint64_t offset);
    // Where a record may begin at or after `offset`, or end_.
    StatusOr<std::uint64_t> next_candidate(std::uint64_t offset);
    void note_damage(std::uint64_t from, std::uint64_t to);

    std::shared_ptr<const io::ReadableFile> file_;
    FileHeader header_;
    base::Buffer window_;
    std::uint64_t window_offset_ = 0;
    std::uint64_t window_bytes_ = 0;
    std::uint64_t end_ = 0;
    std::uint64_t offset_ = 0;
    std::uint64_t last_position_ = 0;
    std::uint64_t good_end_ = 0;
    std::uint64_t damaged_bytes_ = 0;
    std::uint64_t damage_offset_ = 0;
    std::uint64_t torn_bytes_ = 0;
    bool limited_ = false;
};

}  // namespace logi::journal
