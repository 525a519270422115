// Standard input, line by line to its end, through a scrape config.
#pragma once

#include "agent/client/feed.h"
#include "agent/config/agent_config.h"
#include "agent/files/line_times.h"
#include "io/executor.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace logi::agent {

// On one strand; reading blocks a task of `executor`.
class StdinSource {
  public:
    struct Deps {
        Feed::Deps feed;
        Delivery& delivery;
        LineTimes& times;
        const io::Clock& clock;
        io::Executor& executor;
        io::Strand& strand;
    };
    StdinSource(const Deps& deps, const PipelineSpec& pipeline, Labels labels);
    void observe(Pipeline::Observer observer) { feed_.observe(std::move(observer)); }
    // `done` on the strand after the last line, when all that stages held is on its way.
    void start(std::function<void()> done);
    // There is room for more again.
    void read_on();
    // Nothing is read any more.
    void stop() { stopped_ = true; }

  private:
    // Nothing: nothing has come for a while. Empty: the end.
    void take(const std::optional<std::string>& bytes);
    void finish();
    void take_line(std::string_view line);

    const Deps deps_;
    Feed feed_;
    std::function<void()> done_;
    std::string rest_;  // of a line that has not ended
    std::uint64_t lines_ = 0;
    bool reading_ = true;
    bool stopped_ = false;
};

// What lines of standard input are labelled with.
[[nodiscard]] Labels stdin_labels(const AgentConfig& config, const std::string& hostname);

}  // namespace logi::agent
