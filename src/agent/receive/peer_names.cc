#include "agent/receive/peer_names.h"

#include "net/tcp_server.h"

#include <utility>

namespace logi::agent {
namespace {

constexpr std::size_t kNamesMax = 4096;
constexpr Duration kKept = Duration::minutes(10);

}  // namespace

const std::string* PeerNames::find(const std::string& address) {
    const auto known = names_.find(address);
    if (known != names_.end() && known->second.asked) {
        return nullptr;
    }
    if (known != names_.end() && clock_.now() < known->second.until) {
        return &known->second.text;
    }
    ask(address);
    return nullptr;
}

void PeerNames::ask(const std::string& address) {
    if (names_.size() >= kNamesMax) {
        names_.clear();
    }
    names_[address].asked = true;
    executor_.post_long([this, alive = alive_, &strand = strand_, address] {
        std::string name = net::host_name_of(address);
        strand.post([this, alive, address, name = std::move(name)] {
            if (*alive) {
                names_[address] = {name, clock_.now() + kKept, false};
                on_found_();
            }
        });
    });
}

}  // namespace logi::agent
