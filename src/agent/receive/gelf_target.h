// The target `gelf`: Graylog's messages over UDP.
#pragma once

#include "agent/receive/message_feed.h"
#include "agent/receive/receiver.h"

#include <memory>

namespace logi::agent {

// `scrape`, which has a gelf block, and the deps must outlive it.
std::unique_ptr<Receiver> make_gelf_target(const ReceiverDeps& deps, const ScrapeConfig& scrape);

}  // namespace logi::agent
