// Calls other processes (net/caller.h) over gRPC. Of each process one connection is kept; it is
// made when it is needed, again when it was lost, and given up when its other end is silent for
// fifteen seconds though a call is under way.
#pragma once

#include "base/metrics.h"
#include "io/executor.h"
#include "net/caller.h"
#include "net/tls.h"

#include <cstdint>
#include <memory>
#include <string>

namespace logi::net {

struct GrpcCallerOptions {
    std::uint32_t message_bytes_max = 16U << 20U;
    std::uint32_t answer_bytes_max = 64U << 20U;
    std::uint64_t inflight_bytes_max = 512ULL << 20U;  // of what is being received
    std::uint32_t calls_max = 256;                     // under way; beyond: kUnavailable
    std::uint32_t connections_max = 256;               // beyond, that of the longest unused is left
    // Who this process is, and who may vouch for the others: as it serves itself. Null: none. What
    // is replaced in it counts from the next call on.
    std::shared_ptr<TlsServer> tls = nullptr;
    std::string tls_server_name;  // whom the others have to be; empty: as in their addresses
    std::string secret;           // to be shown; empty: none
};

class GrpcCaller final : public Caller {
  public:
    // Both must outlive this.
    GrpcCaller(io::Executor& executor, base::Registry& metrics, GrpcCallerOptions options);
    // As shutdown().
    ~GrpcCaller() override;
    GrpcCaller(const GrpcCaller&) = delete;
    GrpcCaller& operator=(const GrpcCaller&) = delete;

    void call(Call call, Answered done) override;
    // Takes no more calls, cancels those under way, and returns when the executor has all answers.
    void shutdown();

  private:
    struct Impl;
    const std::shared_ptr<Impl> impl_;
};

}  // namespace logi::net
