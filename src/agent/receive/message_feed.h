// The way of received messages into the pipeline: their labels by the rules, their time, and how
// long their source has to wait. What every target that receives messages uses.
#pragma once

#include "absl/container/flat_hash_map.h"
#include "agent/client/feed.h"
#include "agent/config/agent_config.h"
#include "agent/files/line_times.h"
#include "io/executor.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace logi::agent {

// What a target that receives messages needs of the agent; outlives it.
struct ReceiverDeps {
    Feed::Deps feed;
    LineTimes& times;
    const io::Clock& clock;
    io::Executor& executor;
    io::Strand& strand;
    base::Registry& metrics;
    Pipeline::Observer observer;
};

// On one strand.
class MessageFeed {
  public:
    // Labels as they are sent, and their text; null: the rules drop what has them.
    struct Stream {
        std::shared_ptr<const Labels> labels;
        std::string key;
    };
    using StreamPtr = std::shared_ptr<const Stream>;

    // `on_room` whenever there may be room again for another reason than Delivery::on_room().
    // `on_delivered`: as of Feed; a message's position is how many were taken before it.
    MessageFeed(const ReceiverDeps& deps,
                const ScrapeConfig& scrape,
                const TextMap& labels,
                Feed::OnDelivered on_delivered,
                std::function<void()> on_room);
    ~MessageFeed() { *alive_ = false; }
    MessageFeed(const MessageFeed&) = delete;
    MessageFeed& operator=(const MessageFeed&) = delete;

    // Whether a rule looks at a label of that name, which begins with __: else it need not be
    // there.
    [[nodiscard]] bool reads(std::string_view name) const;
    // These labels and the target's, which count more, as the rules make them. Remembered for a
    // while: the values of equal names in equal order are found fast.
    StreamPtr stream_of(const std::vector<LabelPair>& pairs);

    [[nodiscard]] bool has_room() const { return !resting_ && deps_.feed.delivery.has_room(); }
    // The text is copied where it has to be kept. Without a time of its own the message gets one.
    void take(std::string_view text,
              const Stream& stream,
              std::optional<Timestamp> own_time,
              std::vector<LabelPair> metadata = {});
    // Somebody waits for what was taken.
    void hurry() {
        hurried_ = feed_.holds();
        deps_.feed.delivery.hurry();
    }
    // What goes nowhere.
    void pass_over() { feed_.pass_over(++taken_); }
    [[nodiscard]] std::uint64_t taken() const { return taken_; }
    [[nodiscard]] std::uint64_t delivered() const { return feed_.delivered(); }
    // What stages hold goes on.
    void release_all() { feed_.release(deps_.clock.now(), true); }

  private:
    StreamPtr make_stream(const std::vector<LabelPair>& pairs) const;
    void rest(Duration delay);
    void release_later();

    const ReceiverDeps deps_;
    const std::vector<RelabelRule>& rules_;
    const std::vector<LabelPair> labels_;
    const std::function<void()> on_room_;
    Feed feed_;
    std::uint64_t taken_ = 0;
    absl::flat_hash_map<std::string, StreamPtr> streams_;  // by the values of their pairs
    std::size_t streams_bytes_ = 0;                        // of their keys
    std::string cache_key_;
    bool resting_ = false;
    bool releasing_ = false;
    bool hurried_ = false;  // also what stages hold
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// Without what is no UTF-8, of which each byte becomes U+FFFD.
[[nodiscard]] std::string valid_utf8(std::string_view text);

}  // namespace logi::agent
