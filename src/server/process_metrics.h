// What metrics tell of the process as a whole: its version, its log, its connections, its limits.
#pragma once

#include "base/metrics.h"
#include "ingest/tenant_limits.h"
#include "net/http_server.h"

#include <memory>

namespace logi::server {

// Told as long as what is returned lives; all must outlive that.
[[nodiscard]] std::shared_ptr<const void> tell_of_process(base::Registry& metrics,
                                                          const net::HttpServer& http,
                                                          const ingest::TenantLimits& limits);

}  // namespace logi::server
