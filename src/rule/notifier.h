// Tells an Alertmanager of a tenant's alerts: its API, version 2. What cannot be told waits in a
// queue that is bounded, and what has no room there is dropped: alerts are sent again and again as
// long as they are there, so nothing is kept over a restart.
#pragma once

#include "base/metrics.h"
#include "base/mutex.h"
#include "io/clock.h"
#include "io/executor.h"
#include "model/ruler_limits.h"
#include "relabel/relabel.h"
#include "rule/alert.h"
#include "rule/outgoing.h"

#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace logi::rule {

// Of one tenant and one address. Thread-safe.
class Notifier : public std::enable_shared_from_this<Notifier> {
  public:
    // The executor is one whose tasks may block for as long as the timeout of a request.
    struct Deps {
        io::Executor& executor;
        base::Registry& metrics;
    };
    static constexpr std::size_t kBatchMax = 64;  // alerts in a request

    // kInvalidArgument for an address, a file of TLS or a rule that cannot be used.
    static StatusOr<std::shared_ptr<Notifier>> make(const Deps& deps,
                                                    const std::string& tenant,
                                                    const std::string& url,
                                                    const AlertmanagerConfig& config);

    // Takes no time. `generator_url` is where a person sees what the alert is made of.
    void send(const std::vector<Alert>& alerts, const std::string& generator_url);
    // Nothing more is sent.
    void stop();

  private:
    Notifier(const Deps& deps,
             const std::string& tenant,
             const std::string& url,
             const AlertmanagerConfig& config);
    void work();
    void deliver(const std::string& body, std::size_t alerts);

    const Deps deps_;
    const std::string tenant_;
    const std::string url_;
    const AlertmanagerConfig config_;
    std::vector<RelabelRule> relabel_;
    std::unique_ptr<OutgoingClient> client_;  // touched by the task that works
    const base::Counter sent_;
    const base::Counter errors_;
    const base::Counter dropped_;
    const base::Gauge queue_length_;

    base::Mutex mutex_;
    std::deque<std::string> queue_ LOGI_GUARDED_BY(mutex_);  // alerts as JSON
    bool working_ LOGI_GUARDED_BY(mutex_) = false;
    bool stopped_ LOGI_GUARDED_BY(mutex_) = false;
};

// The alert as an object of JSON, its labels with external ones that it has not itself; empty if
// the rules drop it.
[[nodiscard]] std::string alert_json(const Alert& alert,
                                     const std::string& generator_url,
                                     const std::map<std::string, std::string>& external_labels,
                                     const std::vector<RelabelRule>& relabel);

// Grafana's page that shows the query.
[[nodiscard]] std::string explore_url(const std::string& external_url,
                                      const std::string& datasource_uid,
                                      const std::string& expr);

}  // namespace logi::rule
