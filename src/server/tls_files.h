// Certificates and keys, in files that are read again while the server runs.
#pragma once

#include "base/metrics.h"
#include "config/config.h"
#include "io/executor.h"
#include "io/file_system.h"
#include "net/tls.h"

#include <memory>
#include <string>

namespace logi::server {

class TlsFiles {
  public:
    // All must outlive this, and this the tasks of the executor.
    struct Deps {
        io::Executor& executor;
        io::FileSystem& files;
        base::Registry& metrics;
    };
    // Errors name what is wrong. `config` must outlive this.
    static StatusOr<std::unique_ptr<TlsFiles>> open(const Deps& deps,
                                                    const config::ServerTls& config,
                                                    bool only_tls13);

    [[nodiscard]] std::shared_ptr<net::TlsServer> server() const { return server_; }
    // Reads the files again each second. What is new in them counts for connections that begin
    // then, once it fits together; until then all is as it was.
    void start();

  private:
    TlsFiles(const Deps& deps,
             const config::ServerTls& config,
             bool only_tls13,
             std::shared_ptr<net::TlsServer> server);
    void reload();
    Status reload_now();

    const Deps deps_;
    const config::ServerTls& config_;
    const bool only_tls13_;
    const std::shared_ptr<net::TlsServer> server_;
    std::string last_error_;
    base::Gauge last_ok_;
    base::Counter failures_;
};

// What HTTP and gRPC are served with; null: without TLS.
struct ServedTls {
    std::unique_ptr<TlsFiles> files;
    std::unique_ptr<TlsFiles> grpc_files;  // null: as HTTP

    static StatusOr<ServedTls> open(const TlsFiles::Deps& deps, const config::Config& config);
    void start();
    [[nodiscard]] std::shared_ptr<net::TlsServer> http() const;
    [[nodiscard]] std::shared_ptr<net::TlsServer> grpc() const;
};

// Whether the files can be used.
Status check_tls(io::FileSystem& files, const config::Config& config);

}  // namespace logi::server
