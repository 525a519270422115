#include "agent/receive/datagrams.h"

#include <utility>

namespace logi::agent {
namespace {

constexpr Duration kDatagramDrainTime = Duration::seconds(1);

std::size_t bytes_of(const net::Datagram& datagram) {
    return sizeof(datagram) + datagram.bytes.size();
}

base::Counter lost_datagrams(const ReceiverDeps& deps,
                             const std::string& job,
                             const std::string& reason) {
    return deps.metrics.counter("promtail_udp_datagrams_lost_total",
                                "Datagrams that came when there was no room for them.",
                                {{"job", job}, {"reason", reason}});
}

}  // namespace

Datagrams::Datagrams(const ReceiverDeps& deps, const std::string& job, Take take)
    : strand_(deps.strand),
      take_(std::move(take)),
      dropped_(lost_datagrams(deps, job, "clients_are_slow")),
      lost_(lost_datagrams(deps, job, "kernel_buffer_full")) {}

Status Datagrams::start(const net::UdpOptions& options) {
    LOGI_ASSIGN_OR_RETURN(
        receiver_,
        net::UdpReceiver::start(options,
                                [this](std::vector<net::Datagram> datagrams, std::uint64_t lost) {
                                    receive(std::move(datagrams), lost);
                                }));
    return absl::OkStatus();
}

void Datagrams::shutdown() {
    if (receiver_ != nullptr) {
        receiver_->shutdown(kDatagramDrainTime);
    }
}

void Datagrams::receive(std::vector<net::Datagram> datagrams, std::uint64_t lost) {
    lost_.add(static_cast<double>(lost));
    std::vector<net::Datagram> kept;
    kept.reserve(datagrams.size());
    for (net::Datagram& datagram : datagrams) {
        const std::size_t bytes = bytes_of(datagram);
        if (waiting_bytes_ + bytes > kWaitingBytesMax) {
            dropped_.add();
        } else {
            waiting_bytes_ += bytes;
            kept.push_back(std::move(datagram));
        }
    }
    strand_.post([this, kept = std::move(kept)]() mutable {
        for (net::Datagram& datagram : kept) {
            waiting_.push_back(std::move(datagram));
        }
        read_on();
    });
}

void Datagrams::read_on() {
    while (!waiting_.empty() && take_(waiting_.front())) {
        waiting_bytes_ -= bytes_of(waiting_.front());
        waiting_.pop_front();
    }
}

}  // namespace logi::agent
