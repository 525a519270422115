// Limits of single tenants, in files that are read again while the server runs.
#pragma once

#include "base/metrics.h"
#include "config/config.h"
#include "ingest/tenant_limits.h"
#include "io/executor.h"
#include "io/file_system.h"

#include <cstdint>
#include <string>

namespace logi::server {

// What the files of config.runtime_files say together; nothing if there are none. Errors name the
// file.
StatusOr<config::Overrides> read_overrides(io::FileSystem& files, const config::Config& config);

class RuntimeLimits {
  public:
    // All must outlive this, and this the tasks of the executor.
    struct Deps {
        io::Executor& executor;
        io::FileSystem& files;
        base::Registry& metrics;
        ingest::TenantLimits& limits;
    };
    RuntimeLimits(const Deps& deps, const config::Config& config);

    // Reads the files and applies what they say, once; damaged files change nothing.
    Status load();
    // Does so again in every period of config. One at a time.
    void start();

  private:
    void reload();

    const Deps deps_;
    const config::Config& config_;
    std::string last_error_;
    base::Gauge last_ok_;
    base::Counter failures_;
};

}  // namespace logi::server
