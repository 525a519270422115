#include "base/metrics.h"

#include "absl/container/flat_hash_set.h"
#include "base/mutex.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace logi::base {
namespace {

constexpr std::size_t kTenantsMax = 1000;

prometheus::ClientMetric sample(const MetricLabels& labels, bool counts, double value) {
    prometheus::ClientMetric metric;
    for (const auto& [name, text] : labels) {
        metric.label.push_back({name, text});
    }
    (counts ? metric.counter.value : metric.gauge.value) = value;
    return metric;
}

}  // namespace

struct Registry::Impl {
    prometheus::Registry registry;
    // Held while collectors are called, so that none is called once it has been taken away.
    Mutex collect_mutex;
    std::map<std::uint64_t, std::function<void(Scrape&)>> collectors LOGI_GUARDED_BY(collect_mutex);
    std::uint64_t next_collector LOGI_GUARDED_BY(collect_mutex) = 0;
    Mutex tenants_mutex;
    absl::flat_hash_set<std::string> tenants LOGI_GUARDED_BY(tenants_mutex);
    std::size_t tenants_max LOGI_GUARDED_BY(tenants_mutex) = kTenantsMax;
};

void Counter::add(double n) const {
    static_cast<prometheus::Counter*>(impl_)->Increment(n);
}
double Counter::value() const {
    return static_cast<prometheus::Counter*>(impl_)->Value();
}
void Gauge::set(double v) const {
    static_cast<prometheus::Gauge*>(impl_)->Set(v);
}
void Gauge::add(double n) const {
    static_cast<prometheus::Gauge*>(impl_)->Increment(n);
}
void Histogram::observe(double v) const {
    static_cast<prometheus::Histogram*>(impl_)->Observe(v);
}
void Histogram::observe_many(const std::vector<double>& counts, double sum) const {
    static_cast<prometheus::Histogram*>(impl_)->ObserveMultiple(counts, sum);
}

void Scrape::add(const std::string& name,
                 const std::string& help,
                 bool counts,
                 const MetricLabels& labels,
                 double value) {
    Family& family = families_[name];
    family.help = help;
    family.counts = counts;
    family.values[registry_.bounded(labels)] += value;
}

Registry::Registry() : impl_(std::make_unique<Impl>()) {}
Registry::~Registry() = default;

Counter Registry::counter(const std::string& name,
                          const std::string& help,
                          const MetricLabels& labels) {
    auto& family = prometheus::BuildCounter().Name(name).Help(help).Register(impl_->registry);
    return Counter(&family.Add(bounded(labels)));
}

Gauge Registry::gauge(const std::string& name,
                      const std::string& help,
                      const MetricLabels& labels) {
    auto& family = prometheus::BuildGauge().Name(name).Help(help).Register(impl_->registry);
    return Gauge(&family.Add(bounded(labels)));
}

Histogram Registry::histogram(const std::string& name,
                              const std::string& help,
                              const std::vector<double>& buckets,
                              const MetricLabels& labels) {
    auto& family = prometheus::BuildHistogram().Name(name).Help(help).Register(impl_->registry);
    return Histogram(
        &family.Add(bounded(labels), prometheus::Histogram::BucketBoundaries(buckets)));
}

void Registry::remove(const std::string& name, Gauge gauge) {
    prometheus::BuildGauge()
        .Name(name)
        .Register(impl_->registry)
        .Remove(static_cast<prometheus::Gauge*>(gauge.impl_));
}

std::shared_ptr<const void> Registry::on_render(std::function<void(Scrape&)> collect) {
    std::uint64_t id = 0;
    {
        const MutexLock lock(impl_->collect_mutex);
        id = impl_->next_collector++;
        impl_->collectors[id] = std::move(collect);
    }
    return {static_cast<const void*>(impl_.get()), [impl = impl_.get(), id](const void*) {
                const MutexLock lock(impl->collect_mutex);
                impl->collectors.erase(id);
            }};
}

void Registry::set_tenants_max(std::size_t max) {
    const MutexLock lock(impl_->tenants_mutex);
    impl_->tenants_max = max;
}

std::string Registry::tenant_label(const std::string& tenant) const {
    const MutexLock lock(impl_->tenants_mutex);
    if (impl_->tenants.contains(tenant)) {
        return tenant;
    }
    if (impl_->tenants.size() >= impl_->tenants_max) {
        return kOtherTenants;
    }
    impl_->tenants.insert(tenant);
    return tenant;
}

MetricLabels Registry::bounded(MetricLabels labels) const {
    for (const char* name : {"tenant", "user"}) {
        if (const auto it = labels.find(name); it != labels.end()) {
            it->second = tenant_label(it->second);
        }
    }
    return labels;
}

std::string Registry::render() const {
    Scrape scrape(*this);
    {
        const MutexLock lock(impl_->collect_mutex);
        for (const auto& [id, collect] : impl_->collectors) {
            collect(scrape);
        }
    }
    auto families = impl_->registry.Collect();
    for (const auto& [name, found] : scrape.families_) {
        auto& family = families.emplace_back();
        family.name = name;
        family.help = found.help;
        family.type =
            found.counts ? prometheus::MetricType::Counter : prometheus::MetricType::Gauge;
        for (const auto& [labels, value] : found.values) {
            family.metric.push_back(sample(labels, found.counts, value));
        }
    }
    return prometheus::TextSerializer().Serialize(families);
}

}  // namespace logi::base
