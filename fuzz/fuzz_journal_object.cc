// An object of a journal: bytes that somebody made up are refused, or read within bounds; what is
// read is in order, and comes back when it is written again. The first byte of the input says
// whether the rest is the object, or what one is made of, so that its checksums are right.
#include "base/bytes.h"
#include "base/crc32c.h"
#include "codec/compress.h"
#include "journal/journal_object.h"
#include "journal/registry.h"

#include <cstdlib>
#include <map>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using namespace logi;
using namespace logi::journal;

void must(bool holds) {
    if (!holds) {
        std::abort();
    }
}

// The beginning up to the regions, as the input has it, with a checksum; then a region of what is
// left of the input.
std::string with_checksums(std::string_view input) {
    base::ByteReader r(input);
    const std::uint8_t kind = r.u8() % 3;
    const std::uint64_t count = r.varint();
    const std::string_view tenant = r.string();
    const bool twice = r.u8() % 4 == 0;
    const std::string region = codec::compress(r.bytes(r.left()));
    std::string out;
    base::ByteWriter w(out);
    w.bytes(kObjectMagic);
    w.u32(kObjectVersion);
    w.u8(kind);
    w.u64(7);
    w.u64(9);
    w.string("writer");
    if (kind == 1) {
        w.varint(twice ? 2 : 1);
        for (int i = 0; i < (twice ? 2 : 1); ++i) {
            w.string(tenant);
            w.varint(count);
            w.varint(region.size());
            w.u32(base::crc32c(region));
        }
    }
    w.u32(base::crc32c(out));
    return out + region;
}

// All records, by which they are in the object.
std::map<std::uint64_t, NewRecord> records_of(const JournalObject& object) {
    std::map<std::uint64_t, NewRecord> all;
    for (const auto& [tenant, records] : object.tenants) {
        std::uint64_t last = 0;
        for (const ObjectRecord& record : records.records) {
            must(record.index > last && record.index <= kRecordsPerObjectMax);
            last = record.index;
            must(record.payload.data() >= records.bytes->data() &&
                 record.payload.data() + record.payload.size() <=
                     records.bytes->data() + records.bytes->size());
            all[record.index] = {tenant, std::make_shared<const std::string>(record.payload)};
        }
    }
    return all;
}

void look_at(std::string_view bytes) {
    const auto object = decode_object(bytes);
    if (!object.ok()) {
        return;
    }
    const auto records = records_of(*object);
    if (object->seal) {
        must(object->tenants.empty());
        const auto again =
            decode_object(encode_seal(object->journal, object->number, object->writer));
        must(again.ok() && again->seal && again->writer == object->writer);
        return;
    }
    // Which of them each is comes from their order.
    std::vector<NewRecord> in_order;
    for (const auto& [index, record] : records) {
        in_order.push_back(record);
    }
    const auto again =
        decode_object(encode_object(object->journal, object->number, object->writer, in_order));
    must(again.ok() && again->damaged.empty() && again->writer == object->writer);
    std::size_t i = 0;
    for (const auto& [index, record] : records_of(*again)) {
        must(index == i + 1 && record.tenant == in_order[i].tenant &&
             *record.payload == *in_order[i].payload);
        ++i;
    }
    must(i == in_order.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
    (void)number_of_key(input);
    look_at(data[0] % 2 == 0 ? std::string(input) : with_checksums(input));
    return 0;
}
