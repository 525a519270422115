// The output of one container of Docker, as its logs API gives it.
#pragma once

#include "agent/client/label_sets.h"
#include "agent/client/places.h"
#include "agent/discovery/fetch.h"
#include "agent/docker/docker_lines.h"
#include "agent/repeater.h"
#include "agent/source.h"
#include "base/metrics.h"
#include "io/clock.h"

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace logi::agent {

// What containers of one host share.
struct DockerDeps {
    Feed::Deps feed;
    HttpDeps http;
    const io::Clock& clock;
    base::Registry& metrics;
    const ScrapeConfig& scrape;
    const DockerSdConfig& config;
    Pipeline::Observer observer = nullptr;
};

// A request to the host's API; `path` begins with '/'.
StatusOr<net::StreamRequest> docker_request(const DockerSdConfig& config, const std::string& path);

// On one strand.
class DockerContainer {
  public:
    // By stdout and stderr; nothing: relabelling drops them.
    using OutputLabels = std::array<std::optional<std::vector<LabelPair>>, 2>;

    // `saved` is how far it is delivered, as saved_place() said it.
    DockerContainer(const DockerDeps& deps,
                    std::string id,
                    const std::optional<std::string>& saved);
    ~DockerContainer();

    // Of lines from now on.
    void set_labels(OutputLabels labels) { labels_ = std::move(labels); }
    // Reads what it writes, to its end, unless that is done already.
    void follow();
    // There is room for more again.
    void read_on() { work(); }
    void stop();

    [[nodiscard]] bool is_followed() const { return following_; }
    // Nothing of it is under way.
    [[nodiscard]] bool idle() const {
        return !following_ && feed_.all_delivered() && !feed_.holds();
    }
    [[nodiscard]] std::uint64_t lines() const { return places_.count(); }
    // Seconds since 1970, with a fraction: Promtail writes whole ones. Nothing: not one line is
    // delivered.
    [[nodiscard]] std::optional<std::string> saved_place() const;

  private:
    void on_inspected(const StatusOr<std::string>& answer);
    void open_logs(bool has_frames);
    void take_bytes(std::uint64_t attempt, int status, const std::string& bytes);
    void take_end(std::uint64_t attempt, const StatusOr<int>& status);
    void work();
    void take_line(const DockerLine& line);
    void rest();
    void end(const Status& status);

    const DockerDeps deps_;
    const std::string id_;
    OutputLabels labels_;
    Feed feed_;
    LabelSets label_sets_;
    Repeater release_;
    Places<Timestamp> places_;
    std::optional<Timestamp> last_read_;  // of lines, the latest
    std::optional<Timestamp> saved_;      // by the run before

    std::uint64_t attempt_ =
        0;  // numbers answers, so that what comes late of an older one is known
    std::optional<net::HttpStreams::Id> stream_;
    std::optional<DockerLines> lines_;
    std::string pending_;  // has come, and waits for room
    std::string refusal_;  // what the answer says that is no logs
    std::optional<StatusOr<int>> ended_;
    Duration rest_;
    bool following_ = false;
    bool resting_ = false;
    bool working_ = false;
    bool stopped_ = false;
    std::string last_error_;
    const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
    base::Counter entries_;
};

}  // namespace logi::agent
