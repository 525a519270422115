#include "journal/journal_object.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/bytes.h"
#include "base/check.h"
#include "base/crc32c.h"
#include "codec/compress.h"

#include <utility>

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

// A tenant's records, packed, behind the beginning of an object.
struct Region {
    std::string tenant;
    std::uint64_t count = 0;
    std::uint64_t bytes = 0;
    std::uint32_t crc = 0;
};

struct Beginning {
    std::uint8_t kind = 0;
    std::uint64_t journal = 0;
    std::uint64_t number = 0;
    std::string writer;
    std::vector<Region> regions;
};

void end_beginning(std::string& out, const std::vector<Region>& regions) {
    base::ByteWriter w(out);
    w.varint(regions.size());
    for (const Region& region : regions) {
        w.string(region.tenant);
        w.varint(region.count);
        w.varint(region.bytes);
        w.u32(region.crc);
    }
    w.u32(base::crc32c(out));
}

// Up to where the first region is.
StatusOr<Beginning> read_beginning(std::string_view bytes, base::ByteReader& r) {
    if (r.bytes(kObjectMagic.size()) != kObjectMagic) {
        return absl::DataLossError("not a journal's object (bad magic at offset 0)");
    }
    if (const std::uint32_t version = r.u32(); version > kObjectVersion) {
        return absl::UnimplementedError(
            absl::StrCat("journal object of version ", version, " is not known"));
    }
    Beginning begin;
    begin.kind = r.u8();
    begin.journal = r.u64();
    begin.number = r.u64();
    begin.writer = std::string(r.string());
    for (std::uint64_t n = begin.kind == kSeal ? 0 : r.varint(); n > 0 && r.ok(); --n) {
        Region region;
        region.tenant = std::string(r.string());
        region.count = r.varint();
        region.bytes = r.varint();
        region.crc = r.u32();
        begin.regions.push_back(std::move(region));
    }
    const std::string_view checked = bytes.substr(0, bytes.size() - r.left());
    if (const std::uint32_t crc = r.u32(); !r.ok() || crc != base::crc32c(checked) ||
                                           (begin.kind != kRecords && begin.kind != kSeal)) {
        return damaged("its beginning");
    }
    return begin;
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
    struct Packing {
        std::uint64_t count = 0;
        std::size_t bytes = 0;
        std::string raw;
    };
    std::map<std::string_view, Packing> tenants;
    for (std::size_t i = 0; i < records.size(); ++i) {
        const std::size_t size = records[i].payload->size();
        tenants[records[i].tenant].bytes +=
            base::varint_bytes(i + 1) + base::varint_bytes(size) + size;
    }
    for (std::size_t i = 0; i < records.size(); ++i) {
        Packing& packing = tenants[records[i].tenant];
        // These are megabytes: were they to grow, more than half of the time would be the kernel's.
        packing.raw.reserve(packing.bytes);
        base::ByteWriter w(packing.raw);
        w.varint(i + 1);
        w.string(*records[i].payload);
        ++packing.count;
    }
    std::vector<Region> regions;
    std::string packed;
    for (auto& [tenant, packing] : tenants) {
        const std::string compressed = codec::compress(std::exchange(packing.raw, {}));
        regions.push_back(
            {std::string(tenant), packing.count, compressed.size(), base::crc32c(compressed)});
        packed += compressed;
    }
    std::string out = begin_object(kRecords, journal, number, writer);
    end_beginning(out, regions);
    return out + packed;
}

std::string encode_seal(std::uint64_t journal, std::uint64_t number, std::string_view writer) {
    std::string out = begin_object(kSeal, journal, number, writer);
    base::ByteWriter(out).u32(base::crc32c(out));
    return out;
}

StatusOr<JournalObject> decode_object(std::string_view bytes) {
    base::ByteReader r(bytes);
    LOGI_ASSIGN_OR_RETURN(Beginning begin, read_beginning(bytes, r));
    JournalObject object;
    object.seal = begin.kind == kSeal;
    object.journal = begin.journal;
    object.number = begin.number;
    object.writer = std::move(begin.writer);
    for (const Region& region : begin.regions) {
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

StatusOr<std::string> only_tenant(std::string_view object, std::string_view tenant) {
    base::ByteReader r(object);
    LOGI_ASSIGN_OR_RETURN(const Beginning begin, read_beginning(object, r));
    for (const Region& region : begin.regions) {
        const std::string_view packed = r.bytes(region.bytes);
        if (region.tenant == tenant) {
            std::string out = begin_object(begin.kind, begin.journal, begin.number, begin.writer);
            end_beginning(out, {region});
            return out.append(packed);
        }
    }
    return std::string();
}

}  // namespace logi::journal
