// An object of a journal in the bucket, and its bytes (docs/format.md, "Journal in the bucket").
//
//   registry/<journal id>              put before the journal's first object; its text: the writer
//   journals/<journal id>/<number>     records of all tenants, or the seal; numbered from 1
#pragma once

#include "base/status.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace logi::journal {

inline constexpr std::string_view kObjectMagic = "LOGIJOBJ";
inline constexpr std::uint32_t kObjectVersion = 1;
inline constexpr const char* kRegistryFolder = "registry";
inline constexpr const char* kJournalsFolder = "journals";

// A record's position in its journal: the number of its object, and which it is in that, from 1.
inline constexpr unsigned kIndexBits = 20;
inline constexpr std::uint64_t kRecordsPerObjectMax = (1ULL << kIndexBits) - 1;
[[nodiscard]] constexpr std::uint64_t position_of(std::uint64_t number, std::uint64_t index) {
    return (number << kIndexBits) + index;
}
[[nodiscard]] constexpr std::uint64_t object_of(std::uint64_t position) {
    return position >> kIndexBits;
}

[[nodiscard]] std::string registry_key(std::uint64_t journal);
[[nodiscard]] std::string journal_folder(std::uint64_t journal);
[[nodiscard]] std::string object_key(std::uint64_t journal, std::uint64_t number);
// The number in which a key ends; 0 if it ends in none.
[[nodiscard]] std::uint64_t number_of_key(std::string_view key);

struct ObjectRecord {
    std::uint64_t index = 0;
    std::string_view payload;
};

// What a tenant has in an object, in the order of arrival.
struct TenantRecords {
    std::shared_ptr<const std::string> bytes;  // the payloads lie in it
    std::vector<ObjectRecord> records;
};

struct JournalObject {
    bool seal = false;  // the journal ends before it; it has no records
    std::uint64_t journal = 0;
    std::uint64_t number = 0;
    std::string writer;
    std::map<std::string, TenantRecords> tenants;
    // Whose records cannot be read, and why; those of all others can. "": there is something behind
    // the records, and nobody's are missing.
    std::map<std::string, Status> damaged;
};

struct NewRecord {
    std::string tenant;
    std::shared_ptr<const std::string> payload;
};

// Of at most kRecordsPerObjectMax records.
[[nodiscard]] std::string encode_object(std::uint64_t journal,
                                        std::uint64_t number,
                                        std::string_view writer,
                                        const std::vector<NewRecord>& records);
[[nodiscard]] std::string encode_seal(std::uint64_t journal,
                                      std::uint64_t number,
                                      std::string_view writer);
// kDataLoss when the beginning is damaged, so that nothing can be read, and it is not known whether
// it is a seal; kUnimplemented when the bytes are of a newer version.
StatusOr<JournalObject> decode_object(std::string_view bytes);
// The same object with nothing but that tenant's records, without unpacking them; empty if it has
// none. kDataLoss and kUnimplemented as decode_object().
StatusOr<std::string> only_tenant(std::string_view object, std::string_view tenant);

}  // namespace logi::journal
