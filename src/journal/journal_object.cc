#include "journal/journal_object.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/bytes.h"
#include "base/check.h"
#include "base/crc32c.h"
#include "codec/compress.h"

namespace logi::journal {
namespace {

constexpr std::uint8_t kRecords = 1;
constexpr std::uint8_t kSeal = 2;

std::string begin_object(std::uint8_t kind,
                         std::uint64_t journal,
                         std::uint64_t number,
                         std::string_view writer) {
    std::string out;
    base::ByteWriter w(out);
    w.bytes(kObjectMagic);
    w.u32(kObjectVersion);
    w.u8(kind);
    w.u64(journal);
    w.u64(number);
    w.string(writer);
    return out;
}

Status damaged(std::string_view why) {
    return absl::DataLossError(absl::StrCat("journal object is damaged: ", std::string(why)));
}

StatusOr<TenantRecords> decode_region(std::string_view region, std::uint64_t count) {
    LOGI_ASSIGN_OR_RETURN(const base::Buffer raw, codec::decompress(region));
    TenantRecords into;
    into.bytes = std::make_shared<const std::string>(raw.view());
    base::ByteReader r(*into.bytes);
    std::uint64_t last = 0;
    while (!r.done() && r.ok()) {
        ObjectRecord record;
        record.index = r.varint();
        record.payload = r.string();
        if (record.index <= last || record.index > kRecordsPerObjectMax) {
            return damaged("its records are not in order");
        }
        last = record.index;
        into.records.push_back(record);
    }
    return r.ok() && into.records.size() == count ? StatusOr<TenantRecords>(std::move(into))
                                                  : damaged("its records do not fit");
}

}  // namespace

std::string registry_key(std::uint64_t journal) {
    return absl::StrCat(kRegistryFolder, "/", absl::StrFormat("%020d", journal));
}

std::string journal_folder(std::uint64_t journal) {
    return absl::StrCat(kJournalsFolder, "/", absl::StrFormat("%020d", journal));
}

std::string object_key(std::uint64_t journal, std::uint64_t number) {
    return absl::StrCat(journal_folder(journal), "/", absl::StrFormat("%020d", number));
}

std::uint64_t number_of_key(std::string_view key) {
    key.remove_prefix(std::min(key.size(), key.rfind('/') + 1));
    std::uint64_t number = 0;
    return absl::SimpleAtoi(absl::string_view(key.data(), key.size()), &number) ? number : 0;
}

std::string encode_object(std::uint64_t journal,
                          std::uint64_t number,
                          std::string_view writer,
                          const std::vector<NewRecord>& records) {
    LOGI_CHECK(records.size() <= kRecordsPerObjectMax);
    struct Region {
        std::uint64_t count = 0;
        std::string raw;
    };
    std::map<std::string_view, Region> tenants;
    for (std::size_t i = 0; i < records.size(); ++i) {
        Region& region = tenants[records[i].tenant];
        base::ByteWriter w(region.raw);
        w.varint(i + 1);
        w.string(*records[i].payload);
        ++region.count;
    }
    std::string out = begin_object(kRecords, journal, number, writer);
    base::ByteWriter w(out);
    w.varint(tenants.size());
    std::string regions;
    for (const auto& [tenant, region] : tenants) {
        const std::string compressed = codec::compress(region.raw);
        w.string(tenant);
        w.varint(region.count);
        w.varint(compressed.size());
        w.u32(base::crc32c(compressed));
        regions += compressed;
    }
    w.u32(base::crc32c(out));
    return out + regions;
}

std::string encode_seal(std::uint64_t journal, std::uint64_t number, std::string_view writer) {
    std::string out = begin_object(kSeal, journal, number, writer);
    base::ByteWriter(out).u32(base::crc32c(out));
    return out;
}

StatusOr<JournalObject> decode_object(std::string_view bytes) {
    base::ByteReader r(bytes);
    if (r.bytes(kObjectMagic.size()) != kObjectMagic) {
        return absl::DataLossError("not a journal's object (bad magic at offset 0)");
    }
    if (const std::uint32_t version = r.u32(); version > kObjectVersion) {
        return absl::UnimplementedError(
            absl::StrCat("journal object of version ", version, " is not known"));
    }
    const std::uint8_t kind = r.u8();
    JournalObject object;
    object.seal = kind == kSeal;
    object.journal = r.u64();
    object.number = r.u64();
    object.writer = std::string(r.string());
    struct Region {
        std::string tenant;
        std::uint64_t count = 0;
        std::uint64_t bytes = 0;
        std::uint32_t crc = 0;
    };
    std::vector<Region> regions;
    for (std::uint64_t n = object.seal ? 0 : r.varint(); n > 0 && r.ok(); --n) {
        Region region;
        region.tenant = std::string(r.string());
        region.count = r.varint();
        region.bytes = r.varint();
        region.crc = r.u32();
        regions.push_back(std::move(region));
    }
    const std::string_view head = bytes.substr(0, bytes.size() - r.left());
    if (const std::uint32_t crc = r.u32();
        !r.ok() || crc != base::crc32c(head) || (kind != kRecords && kind != kSeal)) {
        return damaged("its beginning");
    }
    for (const Region& region : regions) {
        const std::string_view packed = r.bytes(region.bytes);
        if (object.tenants.contains(region.tenant) || object.damaged.contains(region.tenant)) {
            return damaged("a tenant is there twice");
        }
        auto records = r.ok() && base::crc32c(packed) == region.crc
                           ? decode_region(packed, region.count)
                           : damaged("a tenant's records");
        if (records.ok()) {
            object.tenants[region.tenant] = *std::move(records);
        } else {
            object.damaged[region.tenant] = damaged(message_of(records.status()));
        }
    }
    if (!r.done()) {
        object.damaged.try_emplace("", damaged("its end"));
    }
    return object;
}

}  // namespace logi::journal
