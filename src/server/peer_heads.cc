#include "server/peer_heads.h"

#include "base/log.h"
#include "base/mutex.h"
#include "io/latch.h"

#include <map>
#include <memory>
#include <utility>

namespace logi::server {
namespace {

// The version changes with the bytes of ingest/head_messages.h.
const net::CallMethod kHeads = {"heads", 1};
constexpr Duration kTimeout = Duration::seconds(2);
constexpr Duration kAvoided = Duration::seconds(10);

// Who has not answered of late. Thread-safe.
class Avoided {
  public:
    explicit Avoided(const io::Clock& clock) : clock_(clock) {}
    [[nodiscard]] bool has(const std::string& address) const {
        const base::MutexLock lock(mutex_);
        const auto it = until_.find(address);
        return it != until_.end() && clock_.now() < it->second;
    }
    void add(const std::string& address) {
        const base::MutexLock lock(mutex_);
        const Timestamp now = clock_.now();
        std::erase_if(until_, [&](const auto& item) { return item.second <= now; });
        until_[address] = now + kAvoided;
    }

  private:
    const io::Clock& clock_;
    mutable base::Mutex mutex_;
    std::map<std::string, Timestamp> until_ LOGI_GUARDED_BY(mutex_);
};

// The answers that are awaited. Shared with calls whose answers come too late.
class Answers {
  public:
    explicit Answers(std::size_t count) : left_(count) {
        if (count == 0) {
            all_.open();
        }
    }
    void add(StatusOr<ingest::HeadAnswer> answer) {
        const base::MutexLock lock(mutex_);
        if (answer.ok()) {
            answers_.push_back(*std::move(answer));
        }
        if (--left_ == 0) {
            all_.open();
        }
    }
    std::vector<ingest::HeadAnswer> wait() {
        all_.wait_for(kTimeout);
        const base::MutexLock lock(mutex_);
        return std::exchange(answers_, {});
    }

  private:
    io::Latch all_;
    base::Mutex mutex_;
    std::size_t left_ LOGI_GUARDED_BY(mutex_);
    std::vector<ingest::HeadAnswer> answers_ LOGI_GUARDED_BY(mutex_);
};

void ask(Peers& peers,
         const std::string& address,
         std::string question,
         const std::shared_ptr<Avoided>& avoided,
         const std::shared_ptr<Answers>& answers) {
    peers.caller()->call(
        {address, kHeads, std::move(question), kTimeout},
        [address, avoided, answers](const net::CallAnswer& bytes) {
            auto answer = bytes.ok() ? ingest::decode_answer(*bytes)
                                     : StatusOr<ingest::HeadAnswer>(bytes.status());
            if (!answer.ok()) {
                base::log_warn(
                    "a writer does not answer; the bucket is read",
                    {{"address", address}, {"error", std::string(answer.status().message())}});
                avoided->add(address);
            }
            answers->add(std::move(answer));
        });
}

}  // namespace

ingest::AskWriters ask_peers(Peers& peers, const ingest::Store& own, const io::Clock& clock) {
    if (peers.caller() == nullptr) {
        return {};
    }
    const auto avoided = std::make_shared<Avoided>(clock);
    return [&peers, &own, avoided](const ingest::HeadQuestion& question) {
        std::vector<std::string> addresses;
        std::vector<ingest::HeadAnswer> found;
        for (auto& member : peers.members().all()) {
            if (member.id == peers.members().id()) {
                found.push_back(own.answer_heads(question));
            } else if (member.has_role("write") && !member.address.empty() &&
                       !avoided->has(member.address)) {
                addresses.push_back(std::move(member.address));
            }
        }
        const std::string bytes = ingest::encode_question(question);
        const auto answers = std::make_shared<Answers>(addresses.size());
        for (const auto& address : addresses) {
            ask(peers, address, bytes, avoided, answers);
        }
        for (auto& answer : answers->wait()) {
            found.push_back(std::move(answer));
        }
        return found;
    };
}

// Not in a task of post_long(), all of which may be waiting for answers of this kind.
void serve_heads(net::CallTable& table, const ingest::Store& store) {
    table.add(kHeads, [&store](const net::IncomingCall& call, const net::Answered& respond) {
        const auto question = ingest::decode_question(call.message);
        respond(question.ok()
                    ? net::CallAnswer(ingest::encode_answer(store.answer_heads(*question)))
                    : question.status());
    });
}

}  // namespace logi::server
