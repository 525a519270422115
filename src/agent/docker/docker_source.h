// docker_sd_configs: the output of a host's containers.
#pragma once

#include "agent/docker/docker_container.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace logi::agent {

// Asks every refresh_interval which containers run. Positions have Promtail's keys, cursor-<id>.
class DockerSource final : public Source {
  public:
    // `saved` are the positions of an earlier run.
    DockerSource(const DockerDeps& deps, const Positions& saved);
    ~DockerSource() override;

    void start() override { ask_networks(); }
    void read_on() override;
    void stop() override;
    [[nodiscard]] std::vector<FileStatus> status() const override;
    // Those of containers that there are no more go.
    void clear_positions(Positions& positions) const override;
    void add_positions(Positions& positions) const override;

  private:
    // Calls back with the body, unless the source has stopped by then; without one the round ends.
    void ask(const std::string& path, std::function<void(const std::string& body)> take);
    void ask_networks();
    void ask_containers();
    void ask_existing();
    Status take_networks(const std::string& body);
    Status take_containers(const std::string& body);
    Status take_existing(const std::string& body);
    void follow(const std::string& id, const TextMap& labels);
    void end_round(const Status& status);

    const DockerDeps deps_;
    std::map<std::string, std::string> saved_;  // by id, of the run before
    std::map<std::string, TextMap> networks_;   // labels by id
    std::map<std::string, std::unique_ptr<DockerContainer>> containers_;  // by id
    std::map<std::string, Labels> shown_;                                 // of status(), by id
    bool listed_ = false;  // it is known which containers there are
    bool stopped_ = false;
    std::string last_error_;
    const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace logi::agent
