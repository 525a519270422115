// A snapshot of a catalog, and an object of a request to delete: bytes that somebody made up are
// refused, and what is read comes back when it is written again. The first byte of the input says
// which, and whether the input has its own beginning and checksum or is given them.
#include "base/bytes.h"
#include "base/crc32c.h"
#include "catalog/names.h"
#include "catalog/snapshot.h"

#include <cstdlib>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using namespace logi;
using namespace logi::catalog;

void must(bool holds) {
    if (!holds) {
        std::abort();
    }
}

std::string with_checksum(std::string_view magic, std::string_view rest) {
    std::string out;
    base::ByteWriter w(out);
    w.bytes(magic);
    w.bytes(rest);
    w.u32(base::crc32c(out));
    return out;
}

void look_at_snapshot(std::string_view bytes) {
    const auto snapshot = decode_snapshot(bytes);
    if (!snapshot.ok()) {
        return;
    }
    for (const auto& segment : snapshot->segments) {
        (void)parse_segment_key(segment.key);
        (void)snapshot_number(segment.key);
    }
    // Once written, it is what it is: versions that are read may not be written any more.
    const std::string written = encode_snapshot(*snapshot);
    const auto again = decode_snapshot(written);
    must(again.ok() && encode_snapshot(*again) == written);
    must(again->number == snapshot->number && again->positions == snapshot->positions &&
         again->dropped_on == snapshot->dropped_on && again->segments == snapshot->segments &&
         again->deletes.size() == snapshot->deletes.size());
}

void look_at_delete(std::string_view bytes) {
    const auto request = decode_delete_object(bytes);
    if (request.ok()) {
        const auto again = decode_delete_object(encode_delete_object(*request));
        must(again.ok() && again->id == request->id && again->arrived == request->arrived);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
    const bool as_it_is = data[0] < 64;
    if (data[0] % 2 == 0) {
        look_at_snapshot(as_it_is ? std::string(input) : with_checksum(kSnapshotMagic, input));
    } else {
        look_at_delete(as_it_is ? std::string(input) : with_checksum("LOGIDELR", input));
    }
    return 0;
}
