#include "rule/notifier.h"

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/log.h"
#include "base/rfc3339.h"
#include "net/http.h"
#include "wire/json_text.h"

#include <utility>

namespace logi::rule {
namespace {

constexpr const char* kTarget = "/api/v2/alerts";
constexpr int kSuccess = 2;  // of a hundred

void append_labels(std::string& out, const std::vector<LabelPair>& pairs) {
    out.push_back('{');
    const char* comma = "";
    for (const LabelPair& pair : pairs) {
        out.append(std::exchange(comma, ","));
        wire::append_json_string(out, pair.name);
        out.push_back(':');
        wire::append_json_string(out, pair.value);
    }
    out.push_back('}');
}

}  // namespace

std::string alert_json(const Alert& alert,
                       const std::string& generator_url,
                       const std::map<std::string, std::string>& external_labels,
                       const std::vector<RelabelRule>& relabel_rules) {
    std::vector<LabelPair> labels = alert.labels.pairs();
    for (const auto& [name, value] : external_labels) {
        if (alert.labels.find(name) == nullptr) {
            labels.push_back({name, value});
        }
    }
    if (!relabel(relabel_rules, labels)) {
        return "";
    }
    std::string out = "{\"labels\":";
    append_labels(out, Labels::from_pairs(std::move(labels)).pairs());
    out.append(",\"annotations\":");
    append_labels(out, alert.annotations.pairs());
    absl::StrAppend(&out,
                    ",\"startsAt\":\"",
                    format_rfc3339(alert.fired_at.value_or(alert.active_at)),
                    "\",\"endsAt\":\"",
                    format_rfc3339(alert.resolved_at.value_or(alert.valid_until)),
                    "\",\"generatorURL\":");
    wire::append_json_string(out, generator_url);
    out.push_back('}');
    return out;
}

std::string explore_url(const std::string& external_url,
                        const std::string& datasource_uid,
                        const std::string& expr) {
    std::string left = R"({"queries":[{"refId":"A","datasource":{"type":"loki","uid":)";
    wire::append_json_string(left, datasource_uid);
    left.append(R"(},"queryType":"range","expr":)");
    wire::append_json_string(left, expr);
    left.append("}]}");
    return absl::StrCat(
        absl::StripSuffix(external_url, "/"), "/explore?left=", net::url_encode(left));
}

Notifier::Notifier(const Deps& deps,
                   const std::string& tenant,
                   const std::string& url,
                   const AlertmanagerConfig& config)
    : deps_(deps),
      tenant_(tenant),
      url_(url),
      config_(config),
      sent_(deps.metrics.counter("loki_prometheus_notifications_sent_total",
                                 "Alerts that an Alertmanager was told of.",
                                 {{"user", tenant}, {"alertmanager", url}})),
      errors_(deps.metrics.counter("loki_prometheus_notifications_errors_total",
                                   "Alerts that an Alertmanager could not be told of.",
                                   {{"user", tenant}, {"alertmanager", url}})),
      dropped_(deps.metrics.counter("loki_prometheus_notifications_dropped_total",
                                    "Alerts that had no room to wait, or could not be told.",
                                    {{"user", tenant}})),
      queue_length_(deps.metrics.gauge("loki_prometheus_notifications_queue_length",
                                       "Alerts that wait to be told.",
                                       {{"user", tenant}, {"alertmanager", url}})) {
    deps.metrics
        .gauge("loki_prometheus_notifications_queue_capacity",
               "Alerts that may wait.",
               {{"user", tenant}})
        .set(static_cast<double>(config.queue_capacity));
}

StatusOr<std::shared_ptr<Notifier>> Notifier::make(const Deps& deps,
                                                   const std::string& tenant,
                                                   const std::string& url,
                                                   const AlertmanagerConfig& config) {
    std::shared_ptr<Notifier> notifier(new Notifier(deps, tenant, url, config));
    for (const RelabelOptions& options : config.relabel) {
        LOGI_ASSIGN_OR_RETURN(RelabelRule rule, RelabelRule::make(options));
        notifier->relabel_.push_back(std::move(rule));
    }
    LOGI_ASSIGN_OR_RETURN(notifier->client_,
                          OutgoingClient::make(url, config.http, config.timeout));
    return notifier;
}

void Notifier::send(const std::vector<Alert>& alerts, const std::string& generator_url) {
    std::vector<std::string> texts;
    for (const Alert& alert : alerts) {
        std::string text = alert_json(alert, generator_url, config_.external_labels, relabel_);
        if (!text.empty()) {
            texts.push_back(std::move(text));
        }
    }
    const auto most = static_cast<std::size_t>(config_.queue_capacity);
    bool begins = false;
    std::size_t dropped = 0;
    {
        const base::MutexLock lock(mutex_);
        if (stopped_) {
            return;
        }
        for (std::string& text : texts) {
            queue_.push_back(std::move(text));
            if (queue_.size() > most) {
                queue_.pop_front();  // newer ones say more
                ++dropped;
            }
        }
        queue_length_.set(static_cast<double>(queue_.size()));
        begins = !working_ && !queue_.empty();
        working_ = working_ || begins;
    }
    if (dropped > 0) {
        dropped_.add(static_cast<double>(dropped));
        base::log_warn("alerts are dropped: too many wait to be told",
                       {{"tenant", tenant_}, {"alerts", std::to_string(dropped)}});
    }
    if (begins) {
        deps_.executor.post([self = shared_from_this()] { self->work(); });
    }
}

void Notifier::stop() {
    const base::MutexLock lock(mutex_);
    stopped_ = true;
    queue_.clear();
}

void Notifier::work() {
    std::string body = "[";
    std::size_t alerts = 0;
    {
        const base::MutexLock lock(mutex_);
        for (; !queue_.empty() && alerts < kBatchMax; ++alerts) {
            absl::StrAppend(&body, alerts == 0 ? "" : ",", queue_.front());
            queue_.pop_front();
        }
        queue_length_.set(static_cast<double>(queue_.size()));
        if (alerts == 0) {
            working_ = false;
            return;
        }
    }
    body.push_back(']');
    deliver(body, alerts);
    deps_.executor.post([self = shared_from_this()] { self->work(); });
}

void Notifier::deliver(const std::string& body, std::size_t alerts) {
    const auto count = static_cast<double>(alerts);
    const auto answer = client_->post(kTarget, {{"Content-Type", "application/json"}}, body);
    if (answer.ok() && answer->status / 100 == kSuccess) {
        sent_.add(count);
        return;
    }
    errors_.add(count);
    dropped_.add(count);
    base::log_warn("an Alertmanager cannot be told of alerts",
                   {{"tenant", tenant_},
                    {"alertmanager", url_},
                    {"error",
                     answer.ok() ? absl::StrCat(answer->status, " ", answer->text)
                                 : std::string(answer.status().message())}});
}

}  // namespace logi::rule
