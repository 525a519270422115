// Datagrams that wait for room in the pipeline: so many, and what comes beyond is counted and gone.
#pragma once

#include "agent/receive/message_feed.h"
#include "net/udp_receiver.h"

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <string>

namespace logi::agent {

class Datagrams {
  public:
    // On the strand: false if it cannot be taken yet.
    using Take = std::function<bool(const net::Datagram&)>;
    Datagrams(const ReceiverDeps& deps, const std::string& job, Take take);

    Status start(const net::UdpOptions& options);
    void shutdown();
    // Where it listens, once it does.
    [[nodiscard]] std::string address() const { return receiver_->address(); }
    // On the strand: takes what waits, as long as it can be.
    void read_on();

  private:
    static constexpr std::size_t kWaitingBytesMax = 16U << 20U;
    void receive(std::vector<net::Datagram> datagrams, std::uint64_t lost);

    io::Strand& strand_;
    const Take take_;
    std::deque<net::Datagram> waiting_;  // touched on the strand only
    std::atomic<std::size_t> waiting_bytes_{0};
    base::Counter dropped_;
    base::Counter lost_;
    std::unique_ptr<net::UdpReceiver> receiver_;
};

}  // namespace logi::agent
