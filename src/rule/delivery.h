// Where what rules find out goes: for each tenant the Alertmanagers and the Prometheus that the
// configuration names for it, as its limits are then.
#pragma once

#include "base/metrics.h"
#include "base/mutex.h"
#include "bucket/bucket.h"
#include "ingest/tenant_limits.h"
#include "io/executor.h"
#include "model/ruler_limits.h"
#include "rule/group_run.h"
#include "rule/notifier.h"
#include "rule/remote_write.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace logi::rule {

struct DeliveryOptions {
    AlertmanagerConfig alertmanager;  // of tenants that have none of their own
    std::string external_url;
    std::string datasource_uid;
    bool remote_write = false;
    bool org_id_header = true;
    std::map<std::string, RemoteWriteClient> clients;  // by id
};

// Thread-safe.
class Delivery final : public Outlets {
  public:
    // All must outlive what the executor still runs; its tasks may block on the network. `queues`
    // is null if nothing is recorded.
    struct Deps {
        const ingest::TenantLimits& limits;
        io::Executor& executor;
        bucket::Bucket* queues;
        base::Registry& metrics;
    };
    Delivery(const Deps& deps, DeliveryOptions options)
        : deps_(deps), options_(std::move(options)) {}

    // Goes on with what earlier runs have recorded. kUnavailable: the queues. From a task.
    Status start();
    void stop();

    void send_alerts(const std::string& tenant,
                     const std::string& expr,
                     std::vector<Alert> alerts) override;
    [[nodiscard]] bool records(const std::string& tenant) const override;
    Status record(const std::string& tenant, std::vector<RecordedSample> samples) override;

  private:
    struct Notifiers {
        AlertmanagerConfig config;
        std::vector<std::shared_ptr<Notifier>> each;
    };
    struct Writer {
        RemoteWriteClient config;
        std::shared_ptr<RemoteWrite> write;
    };
    using Writers = std::map<std::string, Writer>;  // by the ids of clients

    [[nodiscard]] std::map<std::string, RemoteWriteClient> clients_of(
        const std::string& tenant) const;
    std::vector<std::shared_ptr<Notifier>> notifiers_of(const std::string& tenant);
    StatusOr<std::vector<std::shared_ptr<RemoteWrite>>> writers_of(const std::string& tenant);

    const Deps deps_;
    const DeliveryOptions options_;
    base::Mutex mutex_;
    std::map<std::string, Notifiers> notifiers_ LOGI_GUARDED_BY(mutex_);  // by tenant
    std::map<std::string, Writers> writers_ LOGI_GUARDED_BY(mutex_);      // by tenant
    bool stopped_ LOGI_GUARDED_BY(mutex_) = false;
};

}  // namespace logi::rule
