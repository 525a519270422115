// Counters, gauges and histograms in Prometheus' text format, behind plain handles.
//
// A Registry is passed in, never global. Handles stay valid as long as their registry and are safe
// to use from any thread.
//
// Tenants may be many: the labels `tenant` and `user` name only so many, those that come first. All
// others share the series of kOtherTenants, which no tenant can be called.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace logi::base {

using MetricLabels = std::map<std::string, std::string>;
inline constexpr const char* kOtherTenants = "<others>";

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
    void add(double n) const;

  private:
    friend class Registry;
    explicit Gauge(void* impl) : impl_(impl) {}
    void* impl_;
};

class Histogram {
  public:
    void observe(double v) const;
    // As many observations as the numbers say: one for each bucket, and one for what is above all.
    void observe_many(const std::vector<double>& counts, double sum) const;

  private:
    friend class Registry;
    explicit Histogram(void* impl) : impl_(impl) {}
    void* impl_;
};

class Registry;

// Values that are found out when somebody asks for the metrics. Those of equal names and labels are
// added up.
class Scrape {
  public:
    void gauge(const std::string& name,
               const std::string& help,
               const MetricLabels& labels,
               double value) {
        add(name, help, false, labels, value);
    }
    void counter(const std::string& name,
                 const std::string& help,
                 const MetricLabels& labels,
                 double value) {
        add(name, help, true, labels, value);
    }

  private:
    friend class Registry;
    struct Family {
        std::string help;
        bool counts = false;
        std::map<MetricLabels, double> values;
    };
    explicit Scrape(const Registry& registry) : registry_(registry) {}
    void add(const std::string& name,
             const std::string& help,
             bool counts,
             const MetricLabels& labels,
             double value);

    const Registry& registry_;
    std::map<std::string, Family> families_;
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

    // `collect` is called by render(), as long as what is returned lives. Its names are of no other
    // metric.
    [[nodiscard]] std::shared_ptr<const void> on_render(std::function<void(Scrape&)> collect);

    // How many tenants are named; those that are named already stay.
    void set_tenants_max(std::size_t max);
    // The tenant, or kOtherTenants.
    [[nodiscard]] std::string tenant_label(const std::string& tenant) const;

    // Everything in Prometheus' text exposition format 0.0.4.
    [[nodiscard]] std::string render() const;

  private:
    friend class Scrape;
    [[nodiscard]] MetricLabels bounded(MetricLabels labels) const;

    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace logi::base
