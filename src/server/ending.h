// How a server ends: within a deadline, at once at a second signal, and never with less than its
// journal has.
#pragma once

#include "api/lifecycle.h"
#include "base/status.h"
#include "compact/compactor.h"
#include "config/config.h"
#include "ingest/store.h"
#include "io/clock.h"
#include "io/executor.h"
#include "net/grpc_server.h"
#include "net/http_server.h"

#include <csignal>

namespace logi::server {

class ClusterPart;
class RulePart;

// SIGINT and SIGTERM. Made before any thread, as threads inherit that they are blocked.
class Signals {
  public:
    Signals();
    // Until one comes.
    [[nodiscard]] int wait() const;
    // Whether one comes in that time.
    [[nodiscard]] bool comes_within(Duration time) const;
    // From now on they end the process at once.
    void let_through() const;

  private:
    sigset_t set_{};
};

// What runs and has to end. `otlp` may be null.
struct Running {
    io::Executor& executor;
    const io::Clock& clock;
    net::HttpServer& http;
    net::GrpcServer* otlp;
    compact::Compactor& compactor;
    ingest::Store& store;
    api::Lifecycle& lifecycle;
    ClusterPart* cluster;  // null if the process has its bucket alone
    RulePart* rules;       // null if it evaluates none
};

// Once a signal has come: answers requests for shutdown_delay while the process says that it is not
// ready, then ends all in graceful_shutdown_timeout, or the process with status 1.
Status end(const Running& running, const Signals& signals, const config::Config& config);

}  // namespace logi::server
