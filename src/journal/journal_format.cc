#include "journal/journal_format.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/bytes.h"
#include "base/crc32c.h"
#include "journal/journal_reader.h"

namespace logi::journal {
namespace {

constexpr std::string_view kSuffix = ".journal";
constexpr std::size_t kIdDigits = 20;

std::string encode_header(const FileHeader& header) {
    std::string out;
    base::ByteWriter w(out);
    w.bytes(kFileMagic);
    w.u32(kFormatVersion);
    w.u32(0);
    w.u64(header.journal);
    w.u64(header.salt);
    w.i64(header.created_ns);
    w.u64(header.previous_journal);
    w.u64(header.previous_bytes);
    w.u32(base::crc32c(out));
    return out;
}

struct VersionedHeader {
    std::uint32_t version = 0;
    FileHeader header;
};

StatusOr<VersionedHeader> decode_header(std::string_view bytes) {
    if (bytes.size() < kFileHeaderBytes || bytes.substr(0, kFileMagic.size()) != kFileMagic) {
        return absl::DataLossError("not a journal file (bad magic)");
    }
    base::ByteReader r(bytes.substr(kFileMagic.size(), kFileHeaderBytes - kFileMagic.size()));
    VersionedHeader found;
    found.version = r.u32();
    const std::uint32_t reserved = r.u32();
    found.header.journal = r.u64();
    found.header.salt = r.u64();
    found.header.created_ns = r.i64();
    found.header.previous_journal = r.u64();
    found.header.previous_bytes = r.u64();
    const std::uint32_t crc = r.u32();
    if (crc != base::crc32c(bytes.substr(0, kFileHeaderBytes - 4)) || reserved != 0) {
        return absl::DataLossError("journal file header is damaged");
    }
    if (found.version < 1 || found.version > kFormatVersion) {
        return absl::UnimplementedError(
            absl::StrCat("journal format ", found.version, " is not known"));
    }
    return found;
}

}  // namespace

std::string encode_preamble(const FileHeader& header) {
    const std::string copy = encode_header(header);
    std::string out = copy;
    out.resize(kHeaderCopyOffset);
    return out + copy;
}

StatusOr<Preamble> decode_preamble(std::string_view bytes) {
    auto found = decode_header(bytes);
    if (found.ok() && found->version == 1) {
        return Preamble{found->header, kFileHeaderBytes, 0, 0};
    }
    if (found.status().code() == absl::StatusCode::kDataLoss && bytes.size() >= kPreambleBytes) {
        if (auto second = decode_header(bytes.substr(kHeaderCopyOffset)); second.ok()) {
            found = std::move(second);
        }
    }
    LOGI_RETURN_IF_ERROR(found.status());
    Preamble preamble{found->header, kPreambleBytes, 0, 0};
    const std::string written = encode_preamble(found->header);
    for (std::size_t i = 0; i < kPreambleBytes; ++i) {
        if (i < bytes.size() && bytes[i] == written[i]) {
            continue;
        }
        if (preamble.damaged_bytes == 0) {
            preamble.damage_offset = i;
        }
        preamble.damaged_bytes = i + 1 - preamble.damage_offset;
    }
    return preamble;
}

std::uint32_t record_crc(std::uint64_t salt,
                         std::uint32_t length,
                         std::uint64_t position,
                         std::string_view payload) {
    std::string prefix;
    base::ByteWriter w(prefix);
    w.u64(salt);
    w.u32(length);
    w.u64(position);
    return base::crc32c(payload, base::crc32c(prefix));
}

void append_record_header(std::string& out,
                          std::uint64_t salt,
                          std::uint64_t position,
                          std::string_view payload) {
    base::ByteWriter w(out);
    const auto length = static_cast<std::uint32_t>(payload.size());
    w.u32(kRecordMagic);
    w.u32(length);
    w.u64(position);
    w.u32(record_crc(salt, length, position, payload));
}

void append_record(std::string& out,
                   std::uint64_t salt,
                   std::uint64_t position,
                   std::string_view payload) {
    append_record_header(out, salt, position, payload);
    out.append(payload);
}

std::string file_name(std::uint64_t journal) {
    return absl::StrFormat("%020d", journal) + std::string(kSuffix);
}

bool parse_file_name(std::string_view name, std::uint64_t& journal) {
    return name.size() == kIdDigits + kSuffix.size() && name.ends_with(kSuffix) &&
           absl::SimpleAtoi(absl::string_view(name.data(), kIdDigits), &journal);
}

}  // namespace logi::journal
