// Takes the datagrams that are sent to a port.
#pragma once

#include "base/status.h"
#include "base/time.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace logi::net {

struct Datagram {
    std::string from;  // an address without port: 10.0.0.1
    std::string bytes;
};

struct UdpOptions {
    std::string address;     // or a name; empty: every address of the machine
    std::uint16_t port = 0;  // 0: any
    // What the kernel is asked to keep until it is read; it may grant less.
    std::uint32_t buffer_bytes = 8U << 20U;
};

class UdpReceiver {
  public:
    // Some that have come, and how many the kernel has dropped before these, for want of room. On
    // the receiver's thread: while it is busy, nothing is read.
    using Handler = std::function<void(std::vector<Datagram> datagrams, std::uint64_t lost)>;

    // Receives on a thread of its own. kUnavailable if the address cannot be bound.
    static StatusOr<std::unique_ptr<UdpReceiver>> start(const UdpOptions& options, Handler handler);
    ~UdpReceiver();
    UdpReceiver(const UdpReceiver&) = delete;
    UdpReceiver& operator=(const UdpReceiver&) = delete;

    // Where it listens: 127.0.0.1:12201, [::]:12201.
    [[nodiscard]] const std::string& address() const { return address_; }
    // Reads what has already arrived, within the deadline, and returns.
    void shutdown(Duration deadline);

  private:
    struct Impl;
    explicit UdpReceiver(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
    std::string address_;
};

}  // namespace logi::net
