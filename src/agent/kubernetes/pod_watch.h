// Keeps a list of pods as the API server has it: lists them, then watches what changes.
#pragma once

#include "agent/discovery/fetch.h"
#include "agent/jmespath/value.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace logi::agent {

// On one strand.
class PodWatch {
  public:
    struct Events {
        // Once or again: these are all there are.
        std::function<void(std::vector<jmespath::Value> pods)> on_all;
        std::function<void(const jmespath::Value& pod)> on_changed;
        std::function<void(const jmespath::Value& pod)> on_removed;
    };
    // `url` is that of the list; `query` what selects, as a=b&c=d, or nothing.
    PodWatch(const HttpDeps& deps,
             const HttpClientConfig& client,
             std::string url,
             std::string query,
             Events events);
    ~PodWatch();
    void start() { list(""); }
    void stop();

  private:
    void list(const std::string& from);
    Status take_page(const std::string& body);
    void watch();
    void take_line(const std::string& line);
    Status apply(const std::string& line);
    void take_end(const StatusOr<int>& status, const std::string& refusal);
    void end_watch(const Status& why);
    void try_again(const Status& why, bool from_the_list);
    [[nodiscard]] StatusOr<net::StreamRequest> request(const std::string& query) const;
    // Runs on the strand, unless all has stopped, or another watch has begun, by then.
    [[nodiscard]] std::function<void(std::function<void()>)> later();

    const HttpDeps deps_;
    const HttpClientConfig& client_;
    const std::string url_;
    const std::string query_;
    const Events events_;
    std::vector<jmespath::Value> pages_;  // of a list under way
    std::string version_;                 // of what is known
    std::optional<net::HttpStreams::Id> stream_;
    std::uint64_t attempt_ = 0;  // numbers watches
    Duration pause_;             // before the next try
    bool heard_ = false;         // the watch has said something
    bool stopped_ = false;
    const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace logi::agent
