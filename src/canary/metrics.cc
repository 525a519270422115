#include "canary/metrics.h"

namespace logi::canary {
namespace {

const std::vector<double> kRequestSeconds = {
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100};

// 0.5, 1, 2, 4…
std::vector<double> latency_buckets(std::uint32_t count) {
    std::vector<double> bounds;
    for (double bound = 0.5; bounds.size() < count; bound *= 2) {
        bounds.push_back(bound);
    }
    return bounds;
}

}  // namespace

Metrics::Metrics(base::Registry& registry, std::uint32_t buckets)
    : entries(registry.counter("loki_canary_entries_total", "lines written")),
      out_of_order(registry.counter("loki_canary_out_of_order_entries_total",
                                    "lines that came before others that were written earlier")),
      duplicate(registry.counter("loki_canary_duplicate_entries_total",
                                 "lines that came more than once")),
      unexpected(registry.counter("loki_canary_unexpected_entries_total",
                                  "lines that nobody waited for, or not any more")),
      websocket_missing(registry.counter("loki_canary_websocket_missing_entries_total",
                                         "lines that the live tail did not bring in time")),
      missing(registry.counter("loki_canary_missing_entries_total",
                               "lines that neither the live tail nor queries brought")),
      spot_checks(registry.counter("loki_canary_spot_check_entries_total",
                                   "kept lines that were asked for")),
      spot_checks_missing(registry.counter("loki_canary_spot_check_missing_entries_total",
                                           "kept lines that were asked for and not there")),
      cache_tests(registry.counter("loki_canary_cache_test_query_results_total",
                                   "counts compared with and without caches")),
      cache_tests_different(registry.counter("loki_canary_cache_test_query_results_diff_total",
                                             "counts that caches change")),
      reconnects(registry.counter("loki_canary_ws_reconnects_total",
                                  "times that the live tail was connected again")),
      pings(registry.counter("loki_canary_ws_pings_total", "pings of the server")),
      lost_by_server(registry.counter("logi_canary_dropped_entries_total",
                                      "lines that the server said it left out of the live tail")),
      write_failures(registry.counter("logi_canary_write_failures_total",
                                      "pushes that failed, with all that they were tried again")),
      query_failures(
          registry.counter("logi_canary_query_failures_total", "queries that were not answered")),
      metric_test_expected(registry.gauge("loki_canary_metric_test_expected",
                                          "lines that the metric test should count")),
      metric_test_actual(registry.gauge("loki_canary_metric_test_actual", "lines that it counted")),
      metric_test_deviation(registry.gauge("loki_canary_metric_test_deviation",
                                           "expected less counted lines of the metric test")),
      response_latency(registry.histogram("loki_canary_response_latency_seconds",
                                          "from writing a line until the live tail brings it",
                                          latency_buckets(buckets))),
      spot_check_duration(registry.histogram("loki_canary_spot_check_request_duration_seconds",
                                             "of the queries of spot checks",
                                             kRequestSeconds)),
      metric_test_duration(registry.histogram("loki_canary_metric_test_request_duration_seconds",
                                              "of the queries of metric tests",
                                              kRequestSeconds)) {}

}  // namespace logi::canary
