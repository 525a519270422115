// All targets of a configuration that receive messages from the network.
#pragma once

#include "agent/receive/message_feed.h"
#include "agent/receive/receiver.h"

#include <memory>
#include <vector>

namespace logi::agent {

class Receivers {
  public:
    // None of them listens yet. The configuration and the deps must outlive them.
    Receivers(const ReceiverDeps& deps, const std::vector<ScrapeConfig>& scrapes);

    [[nodiscard]] std::size_t size() const { return all_.size(); }
    // As Receiver::start(), with the name of the scrape config in errors.
    Status start();
    void shutdown();
    // On the strand.
    void read_on();
    void finish();
    [[nodiscard]] std::vector<ReceiverStatus> status() const;

  private:
    std::vector<std::unique_ptr<Receiver>> all_;
    std::vector<std::string> jobs_;
};

}  // namespace logi::agent
