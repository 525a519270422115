// The target `syslog`: messages over TCP, with or without TLS, or over UDP.
#pragma once

#include "agent/receive/message_feed.h"
#include "agent/receive/receiver.h"

#include <memory>

namespace logi::agent {

// `scrape`, which has a syslog block, and the deps must outlive it.
std::unique_ptr<Receiver> make_syslog_target(const ReceiverDeps& deps, const ScrapeConfig& scrape);

}  // namespace logi::agent
