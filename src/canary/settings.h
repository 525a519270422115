// What the canary is told: loki-canary's flags.
#pragma once

#include "base/time.h"
#include "net/tls.h"

#include <cstdint>
#include <string>

namespace logi::canary {

struct Settings {
    std::string addr;  // HOST:PORT
    bool tls = false;
    net::ClientTls client_tls;
    std::string user;
    std::string pass;
    std::string tenant_id;
    std::uint16_t port = 3500;  // of /metrics, on every address

    // The canary's own stream. `labels`, a=b,c=d, takes the place of the other four.
    std::string label_name = "name";
    std::string label_value = "loki-canary";
    std::string stream_name = "stream";
    std::string stream_value;  // empty: "push" or "stdout", whichever it does
    std::string labels;
    std::string query_append;  // behind the selector

    bool push = false;  // else lines go to standard output
    Duration interval = Duration::seconds(1);
    std::uint32_t size_bytes = 100;  // of a line
    std::uint32_t batch_size = 1;    // lines of a push
    std::uint32_t batch_size_max = 20;
    std::uint32_t out_of_order_percent = 0;
    Duration out_of_order_min = Duration::seconds(30);
    Duration out_of_order_max = Duration::seconds(60);
    Duration write_timeout = Duration::seconds(10);
    Duration write_backoff_min = Duration::millis(500);
    Duration write_backoff_max = Duration::minutes(5);
    std::uint32_t write_retries_max = 10;

    Duration wait = Duration::seconds(60);            // for a line on the live tail
    Duration max_wait = Duration::minutes(5);         // for a line in answers to queries
    Duration prune_interval = Duration::seconds(60);  // between looks for what is overdue
    std::uint32_t buckets = 10;                       // of the histogram of latencies
    Duration query_timeout = Duration::seconds(10);

    Duration spot_check_interval = Duration::minutes(15);
    Duration spot_check_max = Duration::hours(4);
    Duration spot_check_query_rate = Duration::minutes(1);
    Duration spot_check_initial_wait = Duration::seconds(10);
    Duration metric_test_interval = Duration::hours(1);
    Duration metric_test_range = Duration::hours(24);
    Duration cache_test_interval = Duration::minutes(15);
    Duration cache_test_range = Duration::hours(24);
    Duration cache_test_now = Duration::hours(1);
};

}  // namespace logi::canary
