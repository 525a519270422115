// Exports of logs over gRPC.
#pragma once

#include "net/grpc_server.h"
#include "net/http.h"

namespace logi::api {

inline constexpr const char* kOtlpGrpcPath =
    "/opentelemetry.proto.collector.logs.v1.LogsService/Export";

// What a client of gRPC is told where one of HTTP gets this answer: that it may send again with
// kUnavailable, and where a time is said with kResourceExhausted, as OTLP has it.
[[nodiscard]] net::GrpcAnswer grpc_answer(const net::HttpResponse& response);

}  // namespace logi::api
