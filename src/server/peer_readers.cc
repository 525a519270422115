#include "server/peer_readers.h"

#include <utility>

namespace logi::server {
namespace {

// The version changes with the bytes of query/sub_plan.h: who knows another one is not asked twice,
// as what it cannot do the process that asks does itself.
const net::CallMethod kSubPlan = {"sub_plan", 1};
constexpr const char* kReadRole = "read";

class PeerReaders final : public query::Readers {
  public:
    explicit PeerReaders(Peers& peers) : peers_(peers) {}

    [[nodiscard]] std::vector<std::string> for_key(std::string_view key) const override {
        std::vector<std::string> addresses;
        bool others = false;
        for (auto& member : peers_.members().ranked_for(kReadRole, key)) {
            const bool own = member.id == peers_.members().id();
            others |= !own;
            addresses.push_back(own ? "" : std::move(member.address));
        }
        return others ? addresses : std::vector<std::string>();
    }

    void ask(const std::string& reader,
             std::string sub_plan,
             Duration timeout,
             io::CancelToken cancel,
             std::function<void(StatusOr<std::string>)> done) override {
        peers_.caller()->call({reader, kSubPlan, std::move(sub_plan), timeout, std::move(cancel)},
                              std::move(done));
    }

  private:
    Peers& peers_;
};

}  // namespace

std::shared_ptr<query::Readers> make_readers(Peers& peers) {
    return peers.caller() == nullptr ? nullptr : std::make_shared<PeerReaders>(peers);
}

void serve_readers(net::CallTable& table, api::Api& api) {
    table.add(kSubPlan, [&api](const net::IncomingCall& call, net::Answered respond) {
        api.serve_sub_plan(call.message, call.cancel, std::move(respond));
    });
}

}  // namespace logi::server
