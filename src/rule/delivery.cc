#include "rule/delivery.h"

#include "base/log.h"

#include <utility>

namespace logi::rule {

Status Delivery::start() {
    if (deps_.queues == nullptr) {
        return absl::OkStatus();
    }
    LOGI_ASSIGN_OR_RETURN(const auto folders, deps_.queues->list_folders(kQueueFolder));
    for (const std::string& folder : folders) {
        const auto tenant = bucket::unescape_key_part(folder);
        if (!tenant.ok() || !records(*tenant)) {
            continue;
        }
        if (const auto writers = writers_of(*tenant); !writers.ok()) {
            base::log_error(
                "recorded samples cannot be sent",
                {{"tenant", *tenant}, {"error", std::string(writers.status().message())}});
        }
    }
    return absl::OkStatus();
}

void Delivery::stop() {
    const base::MutexLock lock(mutex_);
    stopped_ = true;
    for (const auto& [tenant, notifiers] : notifiers_) {
        for (const auto& notifier : notifiers.each) {
            notifier->stop();
        }
    }
    for (const auto& [tenant, writers] : writers_) {
        for (const auto& [id, writer] : writers) {
            writer.write->stop();
        }
    }
}

std::vector<std::shared_ptr<Notifier>> Delivery::notifiers_of(const std::string& tenant) {
    const auto limits = deps_.limits.of(tenant);
    const AlertmanagerConfig& config =
        limits->limits.ruler.alertmanager.value_or(options_.alertmanager);
    const base::MutexLock lock(mutex_);
    if (stopped_) {
        return {};
    }
    const auto [it, is_new] = notifiers_.try_emplace(tenant);
    if (!is_new && it->second.config == config) {
        return it->second.each;
    }
    for (const auto& notifier : it->second.each) {
        notifier->stop();
    }
    it->second = {config, {}};
    for (const std::string& url : config.urls) {
        auto made = Notifier::make({deps_.executor, deps_.metrics}, tenant, url, config);
        if (made.ok()) {
            it->second.each.push_back(*std::move(made));
        } else {
            base::log_error("an Alertmanager cannot be told of alerts",
                            {{"tenant", tenant},
                             {"alertmanager", url},
                             {"error", std::string(made.status().message())}});
        }
    }
    return it->second.each;
}

void Delivery::send_alerts(const std::string& tenant,
                           const std::string& expr,
                           std::vector<Alert> alerts) {
    const auto notifiers = notifiers_of(tenant);
    if (notifiers.empty()) {
        return;
    }
    const std::string url = explore_url(options_.external_url, options_.datasource_uid, expr);
    for (const auto& notifier : notifiers) {
        notifier->send(alerts, url);
    }
}

std::map<std::string, RemoteWriteClient> Delivery::clients_of(const std::string& tenant) const {
    const auto limits = deps_.limits.of(tenant);
    const RulerLimits& own = limits->limits.ruler;
    if (!options_.remote_write || own.remote_write_disabled || deps_.queues == nullptr) {
        return {};
    }
    std::map<std::string, RemoteWriteClient> clients = own.remote_write;
    clients.insert(options_.clients.begin(), options_.clients.end());
    return clients;
}

bool Delivery::records(const std::string& tenant) const {
    return !clients_of(tenant).empty();
}

StatusOr<std::vector<std::shared_ptr<RemoteWrite>>> Delivery::writers_of(
    const std::string& tenant) {
    const auto clients = clients_of(tenant);
    const base::MutexLock lock(mutex_);
    if (stopped_) {
        return absl::UnavailableError("the server is stopping");
    }
    Writers& writers = writers_[tenant];
    std::erase_if(writers, [&](const auto& item) {
        const auto it = clients.find(item.first);
        const bool goes = it == clients.end() || !(it->second == item.second.config);
        if (goes) {
            item.second.write->stop();
        }
        return goes;
    });
    std::vector<std::shared_ptr<RemoteWrite>> out;
    for (const auto& [id, config] : clients) {
        auto it = writers.find(id);
        if (it == writers.end()) {
            LOGI_ASSIGN_OR_RETURN(auto made,
                                  RemoteWrite::make({deps_.executor, *deps_.queues, deps_.metrics},
                                                    {tenant, id, config, options_.org_id_header}));
            it = writers.emplace(id, Writer{config, std::move(made)}).first;
        }
        out.push_back(it->second.write);
    }
    return out;
}

Status Delivery::record(const std::string& tenant, std::vector<RecordedSample> samples) {
    LOGI_ASSIGN_OR_RETURN(const auto writers, writers_of(tenant));
    Status status;
    for (const auto& writer : writers) {
        status.Update(writer->append(samples));
    }
    return status;
}

}  // namespace logi::rule
