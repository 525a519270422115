// Readers of a bucket that share queries over much (query/spread.h): calls between processes.
#pragma once

#include "api/api.h"
#include "query/spread.h"
#include "server/peers.h"

#include <memory>

namespace logi::server {

// Null where this process calls nobody. `peers` must outlive it.
std::shared_ptr<query::Readers> make_readers(Peers& peers);

// Has what others ask answered. Before they are served; `api` must outlive the table's calls.
void serve_readers(net::CallTable& table, api::Api& api);

}  // namespace logi::server
