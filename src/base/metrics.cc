#include "base/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace logi::base {

struct Registry::Impl {
    prometheus::Registry registry;
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
void Histogram::observe(double v) const {
    static_cast<prometheus::Histogram*>(impl_)->Observe(v);
}

Registry::Registry() : impl_(std::make_unique<Impl>()) {}
Registry::~Registry() = default;

Counter Registry::counter(const std::string& name,
                          const std::string& help,
                          const MetricLabels& labels) {
    auto& family = prometheus::BuildCounter().Name(name).Help(help).Register(impl_->registry);
    return Counter(&family.Add(labels));
}

Gauge Registry::gauge(const std::string& name,
                      const std::string& help,
                      const MetricLabels& labels) {
    auto& family = prometheus::BuildGauge().Name(name).Help(help).Register(impl_->registry);
    return Gauge(&family.Add(labels));
}

Histogram Registry::histogram(const std::string& name,
                              const std::string& help,
                              const std::vector<double>& buckets,
                              const MetricLabels& labels) {
    auto& family = prometheus::BuildHistogram().Name(name).Help(help).Register(impl_->registry);
    return Histogram(&family.Add(labels, prometheus::Histogram::BucketBoundaries(buckets)));
}

void Registry::remove(const std::string& name, Gauge gauge) {
    prometheus::BuildGauge()
        .Name(name)
        .Register(impl_->registry)
        .Remove(static_cast<prometheus::Gauge*>(gauge.impl_));
}

std::string Registry::render() const {
    return prometheus::TextSerializer().Serialize(impl_->registry.Collect());
}

}  // namespace logi::base
