// Bytes of a message of gRPC's library. For the .cc files of this module.
#pragma once

#include <string>

namespace grpc {
class ByteBuffer;
}

namespace logi::net {

[[nodiscard]] std::string bytes_of(const grpc::ByteBuffer& buffer);

}  // namespace logi::net
