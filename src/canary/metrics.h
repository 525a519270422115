// loki-canary's metrics, by its names.
#pragma once

#include "base/metrics.h"

#include <cstdint>

namespace logi::canary {

// The registry must outlive it.
struct Metrics {
    Metrics(base::Registry& registry, std::uint32_t buckets);

    base::Counter entries;
    base::Counter out_of_order;
    base::Counter duplicate;
    base::Counter unexpected;
    base::Counter websocket_missing;
    base::Counter missing;
    base::Counter spot_checks;
    base::Counter spot_checks_missing;
    base::Counter cache_tests;
    base::Counter cache_tests_different;
    base::Counter reconnects;
    base::Counter pings;
    base::Counter lost_by_server;
    base::Counter write_failures;
    base::Counter query_failures;
    base::Gauge metric_test_expected;
    base::Gauge metric_test_actual;
    base::Gauge metric_test_deviation;
    base::Histogram response_latency;
    base::Histogram spot_check_duration;
    base::Histogram metric_test_duration;
};

}  // namespace logi::canary
