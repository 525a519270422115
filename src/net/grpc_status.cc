// What gRPC's errors say beside their code, in protobuf.
#include "base/bytes.h"
#include "net/grpc_server.h"

namespace logi::net {
namespace {

// Of a message, a field's number and the type of what follows.
constexpr std::uint64_t kVarint = 0;
constexpr std::uint64_t kBytes = 2;

void add(std::string& out, std::uint64_t field, std::uint64_t value) {
    base::ByteWriter writer(out);
    writer.varint(field << 3U | kVarint);
    writer.varint(value);
}

void add(std::string& out, std::uint64_t field, const std::string& bytes) {
    base::ByteWriter writer(out);
    writer.varint(field << 3U | kBytes);
    writer.string(bytes);
}

// google.protobuf.Any with a google.rpc.RetryInfo.
std::string retry_info(Duration retry_after) {
    std::string delay;  // google.protobuf.Duration
    add(delay, 1, static_cast<std::uint64_t>(retry_after.ns / kNanosPerSecond));
    add(delay, 2, static_cast<std::uint64_t>(retry_after.ns % kNanosPerSecond));
    std::string info;
    add(info, 1, delay);
    std::string any;
    add(any, 1, "type.googleapis.com/google.rpc.RetryInfo");
    add(any, 2, info);
    return any;
}

}  // namespace

std::string rpc_status(GrpcCode code,
                       const std::string& message,
                       std::optional<Duration> retry_after) {
    std::string out;
    add(out, 1, static_cast<std::uint64_t>(code));
    add(out, 2, message);
    if (retry_after.has_value()) {
        add(out, 3, retry_info(*retry_after));
    }
    return out;
}

}  // namespace logi::net
