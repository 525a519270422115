#include "agent/stdin_source.h"

#include <poll.h>
#include <unistd.h>

#include <utility>

namespace logi::agent {
namespace {

constexpr int kPollMillis = 200;
constexpr std::size_t kStdinPieceBytes = 64U << 10U;
constexpr std::size_t kStdinLineBytesMax = 1U << 20U;

}  // namespace

StdinSource::StdinSource(const Deps& deps, const PipelineSpec& pipeline, Labels labels)
    : deps_(deps), feed_(deps.feed, pipeline, std::move(labels), 0, [](std::uint64_t) {}) {}

void StdinSource::start(std::function<void()> done) {
    done_ = std::move(done);
    reading_ = false;
    read_on();
}

void StdinSource::read_on() {
    if (reading_ || stopped_ || !deps_.delivery.has_room()) {
        return;
    }
    reading_ = true;
    deps_.executor.post_long([this] {
        // Not for ever: the agent may have to stop.
        pollfd input{STDIN_FILENO, POLLIN, 0};
        std::optional<std::string> piece;
        if (::poll(&input, 1, kPollMillis) != 0) {
            piece.emplace(kStdinPieceBytes, '\0');
            const ssize_t n = ::read(STDIN_FILENO, piece->data(), piece->size());
            piece->resize(n > 0 ? static_cast<std::size_t>(n) : 0);
        }
        deps_.strand.post([this, piece = std::move(piece)] { take(piece); });
    });
}

void StdinSource::finish() {
    if (!rest_.empty()) {
        take_line(std::exchange(rest_, {}));
    }
    feed_.release(deps_.clock.now(), true);
    done_();
}

void StdinSource::take(const std::optional<std::string>& bytes) {
    if (bytes == "") {
        finish();
        return;
    }
    rest_.append(bytes.value_or(""));
    std::size_t at = 0;
    for (std::size_t end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n', at)) {
        take_line(std::string_view(rest_).substr(at, end - at));
        at = end + 1;
    }
    rest_.erase(0, at);
    if (rest_.size() >= kStdinLineBytesMax) {
        take_line(std::exchange(rest_, {}));
    }
    reading_ = false;
    read_on();
}

void StdinSource::take_line(std::string_view line) {
    if (line.ends_with('\r')) {
        line.remove_suffix(1);
    }
    feed_.take({.text = line,
                .from = lines_,
                .to = lines_ + 1,
                .read_time = deps_.times.take(1),
                .own_time = std::nullopt,
                .guessed = std::nullopt});
    ++lines_;
}

Labels stdin_labels(const AgentConfig& config, const std::string& hostname) {
    std::vector<LabelPair> pairs;
    if (config.scrape_configs.empty()) {
        pairs = {{"job", "stdin"}, {"hostname", hostname}};
    } else {
        for (const TargetGroup& group : config.scrape_configs[0].static_configs) {
            for (const auto& [name, value] : group.labels) {
                if (!name.starts_with(kReservedPrefix)) {
                    pairs.push_back({name, value});
                }
            }
        }
    }
    return Labels::from_pairs(std::move(pairs));
}

}  // namespace logi::agent
