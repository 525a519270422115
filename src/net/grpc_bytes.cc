#include "net/grpc_bytes.h"

#include <grpcpp/support/byte_buffer.h>

#include <vector>

namespace logi::net {

std::string bytes_of(const grpc::ByteBuffer& buffer) {
    std::vector<grpc::Slice> slices;
    std::string out;
    out.reserve(buffer.Length());
    if (buffer.Length() > 0 && buffer.Dump(&slices).ok()) {
        for (const auto& slice : slices) {
            out.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
        }
    }
    return out;
}

}  // namespace logi::net
