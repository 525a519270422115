#include "agent/receive/message_feed.h"

#include "base/bytes.h"
#include "base/utf8.h"

#include <algorithm>
#include <utility>

namespace logi::agent {
namespace {

constexpr std::size_t kStreamsMax = 4096;
// Of all that are remembered, and of one of them, by the bytes of what came.
constexpr std::size_t kStreamsBytesMax = 16U << 20U;
constexpr std::size_t kStreamBytesMax = 64U << 10U;

std::vector<LabelPair> pairs_of(const TextMap& map) {
    std::vector<LabelPair> pairs;
    for (const auto& [name, value] : map) {
        pairs.push_back({name, value});
    }
    return pairs;
}

}  // namespace

std::string valid_utf8(std::string_view text) {
    if (base::is_utf8(text)) {
        return std::string(text);
    }
    std::string out;
    while (!text.empty()) {
        const base::Rune rune = base::decode_rune(text);
        base::append_utf8(out, rune.value);
        text.remove_prefix(rune.length);
    }
    return out;
}

MessageFeed::MessageFeed(const ReceiverDeps& deps,
                         const ScrapeConfig& scrape,
                         const TextMap& labels,
                         Feed::OnDelivered on_delivered,
                         std::function<void()> on_room)
    : deps_(deps),
      rules_(scrape.relabel),
      labels_(pairs_of(labels)),
      on_room_(std::move(on_room)),
      feed_(deps.feed, scrape.pipeline, Labels(), 0, std::move(on_delivered)) {
    if (deps_.observer) {
        feed_.observe(deps_.observer);
    }
}

bool MessageFeed::reads(std::string_view name) const {
    return std::any_of(
        rules_.begin(), rules_.end(), [&](const RelabelRule& rule) { return rule.reads(name); });
}

MessageFeed::StreamPtr MessageFeed::stream_of(const std::vector<LabelPair>& pairs) {
    cache_key_.clear();
    base::ByteWriter key(cache_key_);
    for (const LabelPair& pair : pairs) {
        key.string(pair.name);
        key.string(pair.value);
    }
    if (const auto known = streams_.find(cache_key_); known != streams_.end()) {
        return known->second;
    }
    if (cache_key_.size() > kStreamBytesMax) {
        cache_key_ = std::string();
        return make_stream(pairs);
    }
    if (streams_.size() >= kStreamsMax || streams_bytes_ > kStreamsBytesMax) {
        streams_.clear();
        streams_bytes_ = 0;
    }
    streams_bytes_ += cache_key_.size();
    return streams_.emplace(cache_key_, make_stream(pairs)).first->second;
}

MessageFeed::StreamPtr MessageFeed::make_stream(const std::vector<LabelPair>& pairs) const {
    std::vector<LabelPair> all = labels_;
    for (const LabelPair& pair : pairs) {
        const bool is_given = std::any_of(labels_.begin(), labels_.end(), [&](const auto& given) {
            return given.name == pair.name;
        });
        if (!is_given) {
            // Rules match only what is UTF-8.
            all.push_back({pair.name, valid_utf8(pair.value)});
        }
    }
    if (!relabel(rules_, all)) {
        return nullptr;
    }
    std::vector<LabelPair> sent;
    for (LabelPair& pair : all) {
        const bool is_sent =
            (!pair.name.starts_with(kReservedPrefix) && is_label_name(pair.name)) ||
            pair.name == kTenantLabel;
        if (is_sent) {
            sent.push_back(std::move(pair));
        }
    }
    auto stream = std::make_shared<Stream>();
    stream->labels = std::make_shared<const Labels>(Labels::from_pairs(std::move(sent)));
    stream->key = stream->labels->to_string();
    return stream;
}

void MessageFeed::take(std::string_view text,
                       const Stream& stream,
                       std::optional<Timestamp> own_time,
                       std::vector<LabelPair> metadata) {
    const std::uint64_t from = taken_++;
    const Duration delay = feed_.take({.text = text,
                                       .from = from,
                                       .to = taken_,
                                       .read_time = deps_.times.take(1),
                                       .own_time = own_time,
                                       .guessed = std::nullopt},
                                      stream.labels,
                                      stream.key,
                                      std::move(metadata));
    if (delay.ns > 0) {
        rest(delay);
    }
    if (feed_.holds() && !releasing_) {
        release_later();
    }
}

void MessageFeed::rest(Duration delay) {
    if (std::exchange(resting_, true)) {
        return;
    }
    deps_.executor.post_after(delay, [this, alive = alive_, &strand = deps_.strand] {
        strand.post([this, alive] {
            if (*alive) {
                resting_ = false;
                on_room_();
            }
        });
    });
}

void MessageFeed::release_later() {
    releasing_ = true;
    deps_.executor.post_after(Feed::kReleasePause, [this, alive = alive_, &strand = deps_.strand] {
        strand.post([this, alive] {
            if (!*alive) {
                return;
            }
            releasing_ = false;
            feed_.release(deps_.clock.now(), false);
            if (hurried_) {
                hurry();
            }
            if (feed_.holds()) {
                release_later();
            }
        });
    });
}

}  // namespace logi::agent
