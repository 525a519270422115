// Reads one journal file record by record, over damage.
#pragma once

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
    std::string_view payload;  // valid as long as the reader
    std::uint64_t offset = 0;  // of the record's header in the file
};

// CRC-32C over salt, length, position and payload. The salt is random per file, so that bytes that
// somebody pushed as a log line can never pass for a record.
[[nodiscard]] std::uint32_t record_crc(std::uint64_t salt,
                                       std::uint32_t length,
                                       std::uint64_t position,
                                       std::string_view payload);

// Loads the whole file (a journal file is bounded by its writer). One thread at a time.
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
    // torn tail.
    std::optional<Record> next();

    // Offset after the last good record so far.
    [[nodiscard]] std::uint64_t good_end() const { return good_end_; }
    [[nodiscard]] std::uint64_t damaged_bytes() const { return damaged_bytes_; }
    // Offset of the first damaged byte; meaningful when damaged_bytes() > 0.
    [[nodiscard]] std::uint64_t damage_offset() const { return damage_offset_; }
    // Known after next() gave nothing.
    [[nodiscard]] std::uint64_t torn_bytes() const { return torn_bytes_; }

  private:
    JournalReader(std::string bytes, const Preamble& preamble);
    [[nodiscard]] std::optional<Record> record_at(std::size_t offset) const;
    void note_damage(std::size_t from, std::size_t to);

    std::string bytes_;
    FileHeader header_;
    std::size_t end_ = 0;
    std::size_t offset_ = 0;
    std::uint64_t last_position_ = 0;
    std::uint64_t good_end_ = 0;
    std::uint64_t damaged_bytes_ = 0;
    std::uint64_t damage_offset_ = 0;
    std::uint64_t torn_bytes_ = 0;
    bool limited_ = false;
};

}  // namespace logi::journal
