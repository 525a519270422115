// Where a process takes calls of others (net/caller.h), over gRPC.
#pragma once

#include "base/metrics.h"
#include "io/executor.h"
#include "net/caller.h"
#include "net/tls.h"

#include <cstdint>
#include <memory>
#include <string>

namespace logi::net {

// Who calls must show a certificate, where `tls` demands one, and know the secret, where there is
// one.
struct CallServerOptions {
    std::string address = "127.0.0.1";             // or a name; empty: every address of the machine
    std::uint16_t port = 0;                        // 0: any
    std::uint32_t message_bytes_max = 16U << 20U;  // beyond: kResourceExhausted
    std::uint64_t inflight_bytes_max = 256ULL << 20U;  // of all messages; beyond: kUnavailable
    std::uint32_t calls_max = 256;                     // under way; beyond: kUnavailable
    std::shared_ptr<TlsServer> tls = nullptr;          // null: none
    std::string secret;                                // empty: none
};

class CallServer {
  public:
    // The table is constant, and outlives this; so do the others. kFailedPrecondition for an
    // address that other machines reach, when neither certificates nor a secret are demanded;
    // kUnavailable if it cannot be bound.
    static StatusOr<std::unique_ptr<CallServer>> start(const CallServerOptions& options,
                                                       const CallTable& table,
                                                       io::Executor& executor,
                                                       base::Registry& metrics);
    ~CallServer();
    CallServer(const CallServer&) = delete;
    CallServer& operator=(const CallServer&) = delete;

    [[nodiscard]] std::uint16_t port() const;
    [[nodiscard]] const std::string& address() const;
    // Takes no more calls, waits for those under way until the deadline, cancels those that still
    // run, and returns when all have been answered.
    void shutdown(Duration deadline);

  private:
    struct Impl;
    explicit CallServer(std::unique_ptr<Impl> impl);
    const std::unique_ptr<Impl> impl_;
};

}  // namespace logi::net
