#include "catalog/delete_request.h"

#include "base/crc32c.h"

namespace logi::catalog {
namespace {

constexpr std::string_view kObjectMagic = "LOGIDELR";
constexpr std::uint32_t kObjectVersion = 1;

}  // namespace

void encode(base::ByteWriter& w, const DeleteRequest& request) {
    w.string(request.id);
    w.string(request.query);
    w.i64(request.first.ns);
    w.i64(request.last.ns);
    w.i64(request.created_at.ns);
    w.varint(request.arrived.size());
    for (const auto& [journal, position] : request.arrived) {
        w.u64(journal);
        w.u64(position);
    }
    w.varint(request.made_on);
    w.varint(request.due_on);
    w.i64(request.processed_at.ns);
}

DeleteRequest decode_delete_request(base::ByteReader& r) {
    DeleteRequest request;
    request.id = std::string(r.string());
    request.query = std::string(r.string());
    request.first = {r.i64()};
    request.last = {r.i64()};
    request.created_at = {r.i64()};
    for (std::uint64_t n = r.varint(); n > 0 && r.ok(); --n) {
        const std::uint64_t journal = r.u64();
        request.arrived[journal] = r.u64();
    }
    request.made_on = r.varint();
    request.due_on = r.varint();
    request.processed_at = {r.i64()};
    return request;
}

std::string encode_delete_object(const DeleteRequest& request) {
    std::string out;
    base::ByteWriter w(out);
    w.bytes(kObjectMagic);
    w.u32(kObjectVersion);
    encode(w, request);
    w.u32(base::crc32c(out));
    return out;
}

StatusOr<DeleteRequest> decode_delete_object(std::string_view bytes) {
    if (bytes.size() < kObjectMagic.size() + 8 || !bytes.starts_with(kObjectMagic)) {
        return absl::DataLossError("not a delete request (bad magic at offset 0)");
    }
    const std::string_view body = bytes.substr(0, bytes.size() - 4);
    if (base::ByteReader(bytes.substr(body.size())).u32() != base::crc32c(body)) {
        return absl::DataLossError("delete request is damaged: checksum");
    }
    base::ByteReader r(body.substr(kObjectMagic.size()));
    if (r.u32() > kObjectVersion) {
        return absl::UnimplementedError("delete request of a newer program");
    }
    DeleteRequest request = decode_delete_request(r);
    if (!r.ok() || !r.done()) {
        return absl::DataLossError("delete request is damaged: fields do not fit");
    }
    return request;
}

}  // namespace logi::catalog
