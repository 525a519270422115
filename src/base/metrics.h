// Counters, gauges and histograms in Prometheus' text format, behind plain handles.
//
// A Registry is passed in, never global. Handles stay valid as long as their registry and are safe
// to use from any thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace logi::base {

using MetricLabels = std::map<std::string, std::string>;

class Counter {
  public:
    void add(double n = 1) const;
    [[nodiscard]] double value() const;

  private:
    friend class Registry;
    explicit Counter(void* impl) : impl_(impl) {}
    void* impl_;
};

class Gauge {
  public:
    void set(double v) const;

  private:
    friend class Registry;
    explicit Gauge(void* impl) : impl_(impl) {}
    void* impl_;
};

class Histogram {
  public:
    void observe(double v) const;

  private:
    friend class Registry;
    explicit Histogram(void* impl) : impl_(impl) {}
    void* impl_;
};

class Registry {
  public:
    Registry();
    ~Registry();
    Registry(const Registry&) = delete;
    Registry& operator=(const Registry&) = delete;

    // The same name and labels give the same metric again. `help` of the first call counts.
    Counter counter(const std::string& name, const std::string& help, const MetricLabels& = {});
    Gauge gauge(const std::string& name, const std::string& help, const MetricLabels& = {});
    // Buckets are upper bounds in ascending order; the unit is in the name (…_seconds, …_bytes).
    Histogram histogram(const std::string& name,
                        const std::string& help,
                        const std::vector<double>& buckets,
                        const MetricLabels& = {});

    // The gauge of that name goes; its handles are not used any more.
    void remove(const std::string& name, Gauge gauge);

    // Everything in Prometheus' text exposition format 0.0.4.
    [[nodiscard]] std::string render() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace logi::base
