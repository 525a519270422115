// The target `loki_push_api`: the agent takes pushes as Loki does, and hands them on.
#pragma once

#include "agent/receive/message_feed.h"
#include "agent/receive/receiver.h"

#include <memory>

namespace logi::agent {

// `scrape`, which has a loki_push_api block, and the deps must outlive it.
std::unique_ptr<Receiver> make_push_target(const ReceiverDeps& deps, const ScrapeConfig& scrape);

}  // namespace logi::agent
