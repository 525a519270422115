// The processes that share the bucket with this one: who they are, calls to them, and the listener
// that takes theirs (config::Cluster).
#pragma once

#include "base/metrics.h"
#include "bucket/bucket.h"
#include "cluster/members.h"
#include "config/config.h"
#include "io/executor.h"
#include "io/file_system.h"
#include "net/call_server.h"
#include "net/caller.h"
#include "net/grpc_caller.h"
#include "server/roles.h"
#include "server/tls_files.h"

#include <memory>
#include <string>

namespace logi::server {

class Peers {
  public:
    // All must outlive this, and what the executor still runs.
    struct Deps {
        io::Executor& executor;
        io::FileSystem& files;
        base::Registry& metrics;
        bucket::Bucket& bucket;
    };
    // Reads the secret and certificates; says clearly what cannot be used. `config` must outlive
    // this.
    static StatusOr<std::unique_ptr<Peers>> open(const Deps& deps,
                                                 const config::Cluster& config,
                                                 const Roles& roles,
                                                 const std::string& id);

    // What others may ask; to be filled before start().
    [[nodiscard]] net::CallTable& table() { return table_; }
    // Null where no port is configured: then there is nobody to be asked.
    [[nodiscard]] net::Caller* caller() { return caller_.get(); }
    // Before start() they are this process alone, without an address.
    [[nodiscard]] cluster::Members& members() { return members_; }
    // Where it listens; empty: nowhere.
    [[nodiscard]] std::string address() const;

    // Listens, tells the others, and looks for them.
    Status start();
    // The first step of an end: the others are told not to come any more, and still are answered.
    // Asks the bucket, so from a task.
    void leave() { members_.leave(); }
    // Calls under way have so long.
    void shutdown(Duration deadline);

  private:
    Peers(const Deps& deps, const config::Cluster& config, const Roles& roles, std::string id);

    const Deps deps_;
    const config::Cluster& config_;
    cluster::Members members_;
    std::string secret_;
    std::unique_ptr<TlsFiles> tls_;  // null: none
    net::CallTable table_;
    std::unique_ptr<net::GrpcCaller> caller_;
    std::unique_ptr<net::CallServer> server_;
};

// Whether the secret's file and the certificates can be used.
Status check_cluster(io::FileSystem& files, const config::Cluster& config);

}  // namespace logi::server
