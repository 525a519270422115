// metrics: counters, gauges and histograms of what was extracted, on /metrics.
#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "agent/stages/options.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "fields/conversions.h"

#include <algorithm>
#include <memory>
#include <optional>

namespace logi::agent {
namespace {

enum class Action { kInc, kDec, kAdd, kSub, kSet, kObserve };

struct MetricOptions {
    std::string name;  // with its prefix
    std::string description;
    std::string source;
    std::string type;
    Action action = Action::kObserve;
    std::optional<std::string> value;
    bool match_all = false;
    bool count_entry_bytes = false;
    std::vector<double> buckets;
    Duration idle_max = Duration::minutes(5);
};

// One metric with the labels of one stream.
struct Series {
    base::MetricLabels labels;
    double value = 0;
    std::optional<base::Histogram> histogram;
    Timestamp updated;
};

struct Metric {
    MetricOptions options;
    absl::flat_hash_map<std::string, Series> series = {};  // by the text of their labels
};

// Shared by the stages of one configuration, and asked by who renders metrics.
struct Metrics {
    base::Mutex mutex;
    std::vector<Metric> all LOGI_GUARDED_BY(mutex);
    std::weak_ptr<const void> rendered LOGI_GUARDED_BY(mutex);  // held by the stages
};

constexpr std::size_t kSeriesMax = 100'000;

class MetricsStage final : public Stage {
  public:
    MetricsStage(std::shared_ptr<Metrics> metrics, const StageContext& context)
        : metrics_(std::move(metrics)), context_(context) {
        {
            const base::MutexLock lock(metrics_->mutex);
            rendered_ = metrics_->rendered.lock();
        }
        if (rendered_ != nullptr) {
            return;
        }
        // Not under the lock: who renders takes that one while it holds its own.
        rendered_ = context.metrics.on_render(
            [metrics = metrics_.get(), &clock = context.clock](base::Scrape& scrape) {
                render(*metrics, clock.now(), scrape);
            });
        const base::MutexLock lock(metrics_->mutex);
        metrics_->rendered = rendered_;
    }

    Verdict process(Entry& entry) override {
        const Timestamp now = context_.clock.now();
        const base::MutexLock lock(metrics_->mutex);
        for (Metric& metric : metrics_->all) {
            const auto amount = amount_of(metric.options, entry);
            if (!amount.has_value()) {
                continue;
            }
            if (Series* series = series_of(metric, entry, now); series != nullptr) {
                series->updated = now;
                change(metric.options, *amount, *series);
            }
        }
        return Verdict::kPass;
    }

  private:
    // Nothing: the entry does not count.
    static std::optional<double> amount_of(const MetricOptions& o, const Entry& entry) {
        if (o.match_all) {
            return o.count_entry_bytes ? static_cast<double>(entry.line.size()) : 1;
        }
        const auto text = entry.extracted.find(o.source);
        if (!text.has_value() || (o.value.has_value() && *text != *o.value)) {
            return std::nullopt;
        }
        if (o.action == Action::kInc || o.action == Action::kDec) {
            return 1;
        }
        double number = 0;
        Duration duration;
        if (fields::parse_go_float(*text, number, nullptr)) {
            return number;
        }
        if (fields::parse_go_duration(*text, duration, nullptr)) {
            return fields::seconds_of(duration);
        }
        if (*text == "true" || *text == "false") {
            return *text == "true" ? 1 : 0;
        }
        return std::nullopt;
    }

    Series* series_of(Metric& metric, const Entry& entry, Timestamp now) {
        const std::string text = entry.labels.text();
        if (const auto at = metric.series.find(text); at != metric.series.end()) {
            return &at->second;
        }
        if (metric.series.size() >= kSeriesMax) {
            forget_idle(metric, now);
        }
        if (metric.series.size() >= kSeriesMax) {
            return nullptr;
        }
        Series& series = metric.series[text];
        for (const LabelPair& pair : entry.labels.pairs()) {
            if (!pair.name.starts_with(kReservedPrefix)) {
                series.labels[pair.name] = pair.value;
            }
        }
        const MetricOptions& o = metric.options;
        if (o.type == "histogram") {
            series.histogram =
                context_.metrics.histogram(o.name, o.description, o.buckets, series.labels);
        }
        return &series;
    }

    static void change(const MetricOptions& o, double amount, Series& series) {
        if (series.histogram.has_value()) {
            series.histogram->observe(amount);
        } else if (o.action == Action::kSet) {
            series.value = amount;
        } else if (o.action == Action::kDec || o.action == Action::kSub) {
            series.value -= amount;
        } else if (o.type != "counter" || amount >= 0) {
            series.value += amount;
        }
    }

    // A counter or a gauge that has not changed for long goes.
    static void forget_idle(Metric& metric, Timestamp now) {
        absl::erase_if(metric.series, [&](const auto& item) {
            return !item.second.histogram.has_value() &&
                   now - item.second.updated > metric.options.idle_max;
        });
    }

    static void render(Metrics& metrics, Timestamp now, base::Scrape& scrape) {
        const base::MutexLock lock(metrics.mutex);
        for (Metric& metric : metrics.all) {
            const MetricOptions& o = metric.options;
            forget_idle(metric, now);
            for (const auto& [text, series] : metric.series) {
                if (o.type == "counter") {
                    scrape.counter(o.name, o.description, series.labels, series.value);
                } else if (o.type == "gauge") {
                    scrape.gauge(o.name, o.description, series.labels, series.value);
                }
            }
        }
    }

    std::shared_ptr<Metrics> metrics_;
    const StageContext& context_;
    std::shared_ptr<const void> rendered_;
};

Action read_action(const YAML::Node& node, const std::string& type, const std::string& text) {
    static const std::map<std::string, std::map<std::string, Action>> kActions = {
        {"counter", {{"inc", Action::kInc}, {"add", Action::kAdd}}},
        {"gauge",
         {{"set", Action::kSet},
          {"inc", Action::kInc},
          {"dec", Action::kDec},
          {"add", Action::kAdd},
          {"sub", Action::kSub}}},
        {"histogram", {{"", Action::kObserve}}}};
    const auto& actions = kActions.at(type);
    const auto found = actions.find(absl::AsciiStrToLower(text));
    if (found == actions.end()) {
        config::refuse(node, absl::StrCat("a ", type, " has no action '", text, "'"));
    }
    return found->second;
}

void read_metric_config(const YAML::Node& node, MetricOptions& o, std::string& action) {
    config::read_keys(node,
                      "the config of a metric",
                      {{"match_all", config::set(o.match_all)},
                       {"count_entry_bytes", config::set(o.count_entry_bytes)},
                       {"value", set_optional(o.value)},
                       {"action", config::set(action)},
                       {"buckets", [&](const YAML::Node& v) {
                            o.buckets = config::scalar<std::vector<double>>(v, "a list of numbers");
                        }}});
}

MetricOptions read_metric(const std::string& name, const YAML::Node& node) {
    MetricOptions o;
    std::string prefix = "promtail_custom_";
    std::string action;
    config::read_keys(node,
                      absl::StrCat("the metric '", name, "'"),
                      {{"type", config::set(o.type)},
                       {"description", config::set(o.description)},
                       {"prefix", config::set(prefix)},
                       {"source", config::set(o.source)},
                       {"max_idle_duration", config::set_duration(o.idle_max)},
                       {"config", [&](const YAML::Node& v) {
                            read_metric_config(v, o, action);
                        }}});
    o.type = absl::AsciiStrToLower(o.type);
    if (o.type != "counter" && o.type != "gauge" && o.type != "histogram") {
        config::refuse(node, "the type of a metric is Counter, Gauge or Histogram");
    }
    o.action = read_action(node, o.type, o.type == "histogram" ? "" : action);
    if (o.match_all && o.value.has_value()) {
        config::refuse(node, "a metric has match_all or a value, not both");
    }
    if (o.count_entry_bytes && (!o.match_all || o.action != Action::kAdd)) {
        config::refuse(node, "count_entry_bytes needs match_all and the action 'add'");
    }
    if (o.type == "histogram" && !std::is_sorted(o.buckets.begin(), o.buckets.end())) {
        config::refuse(node, "the buckets of a histogram ascend");
    }
    o.source = o.source.empty() ? name : o.source;
    o.name = (prefix.empty() ? "promtail_custom_" : prefix) + name;
    if (!is_label_name(o.name)) {
        config::refuse(node, absl::StrCat("'", o.name, "' is no name of a metric"));
    }
    return o;
}

}  // namespace

StageMaker read_metrics_stage(const YAML::Node& options) {
    if (!options.IsMap()) {
        config::refuse(options, "the stage 'metrics' is a map from names to metrics");
    }
    auto metrics = std::make_shared<Metrics>();
    for (const auto& item : options) {
        const base::MutexLock lock(metrics->mutex);
        metrics->all.push_back(
            {read_metric(config::scalar<std::string>(item.first, "a name"), item.second)});
    }
    return [metrics](const StageContext& context) {
        return std::make_unique<MetricsStage>(metrics, context);
    };
}

}  // namespace logi::agent
