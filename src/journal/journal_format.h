// Constants of a journal file, shared by writer, reader and inspector. The bytes are described in
// docs/format.md, "Journal".
#pragma once

#include "base/status.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace logi::journal {

inline constexpr std::string_view kFileMagic = "LOGIJRNL";
// Version 1 has one header and the records right behind it.
inline constexpr std::uint32_t kFormatVersion = 2;
inline constexpr std::size_t kFileHeaderBytes = 60;
// Where the second copy of the header is: the salt is in it, without which no record can be told
// from rubbish, so one bad page must not take both.
inline constexpr std::size_t kHeaderCopyOffset = 4096;
inline constexpr std::size_t kPreambleBytes = kHeaderCopyOffset + kFileHeaderBytes;
inline constexpr std::uint32_t kRecordMagic = 0x4345524CU;  // "LREC"
inline constexpr std::size_t kRecordHeaderBytes = 20;
// A record's payload is one push request; longer ones are refused before they get here.
inline constexpr std::uint64_t kRecordBytesMax = 512ULL << 20U;

struct FileHeader {
    std::uint64_t journal = 0;
    std::uint64_t salt = 0;
    std::int64_t created_ns = 0;
    // The journal before this one, and how many of its bytes were durable when this one began; what
    // lies behind them was never acknowledged. Zero when there is none.
    std::uint64_t previous_journal = 0;
    std::uint64_t previous_bytes = 0;
};

// What a file begins with: header, zeros, the header again.
[[nodiscard]] std::string encode_preamble(const FileHeader& header);

struct Preamble {
    FileHeader header;
    std::size_t records_begin = 0;
    // Bytes from the first to the last that is not as it was written.
    std::size_t damage_offset = 0;
    std::size_t damaged_bytes = 0;
};
// `bytes` are the first kPreambleBytes of the file, or all of it. kDataLoss if neither copy of the
// header is good, kUnimplemented for a version that is too new.
StatusOr<Preamble> decode_preamble(std::string_view bytes);

// Appends what precedes the payload of a record.
void append_record_header(std::string& out,
                          std::uint64_t salt,
                          std::uint64_t position,
                          std::string_view payload);
// Appends one record: header, then payload.
void append_record(std::string& out,
                   std::uint64_t salt,
                   std::uint64_t position,
                   std::string_view payload);

// 00000000000000000042.journal: sorted by name is sorted by age.
[[nodiscard]] std::string file_name(std::uint64_t journal);
// False if `name` is not a journal's.
[[nodiscard]] bool parse_file_name(std::string_view name, std::uint64_t& journal);

}  // namespace logi::journal
