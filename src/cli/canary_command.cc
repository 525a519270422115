// logi canary, with loki-canary's flags.
#include "canary/canary.h"
#include "cli/commands.h"
#include "cli/fail.h"
#include "config/config.h"

#include <CLI/CLI.hpp>

#include <csignal>

namespace logi::cli {
namespace {

using canary::Settings;

void add_duration(CLI::App& command, const char* flag, Duration& value, const char* text) {
    command
        .add_option_function<std::string>(
            flag,
            [&value, flag](const std::string& given) {
                const auto parsed = config::parse_duration(given);
                if (!parsed.ok()) {
                    throw CLI::ValidationError(flag, std::string(message_of(parsed.status())));
                }
                value = *parsed;
            },
            text)
        ->type_name("DURATION")
        ->default_str(config::format_duration(value));
}

template <typename T>
void add(CLI::App& command, const char* flag, T& value, const char* text) {
    command.add_option(flag, value, text)->capture_default_str();
}

void add_server_flags(CLI::App& command, Settings& settings) {
    command.add_option("--addr", settings.addr, "HOST:PORT of the server")->envname("LOKI_ADDRESS");
    command.add_flag("--tls", settings.tls, "speak TLS");
    add(command,
        "--ca-file",
        settings.client_tls.ca_file,
        "PEM file: who may vouch for the server");
    add(command, "--cert-file", settings.client_tls.cert_file, "PEM file: our certificate");
    add(command, "--key-file", settings.client_tls.key_file, "PEM file: our certificate's key");
    command.add_flag("--insecure",
                     settings.client_tls.skip_verify,
                     "with --tls: talk to whoever answers, without checking");
    add(command, "--user", settings.user, "user, for basic authentication");
    add(command, "--pass", settings.pass, "password, for basic authentication");
    add(command, "--tenant-id", settings.tenant_id, "tenant");
    add(command, "--port", settings.port, "port of /metrics, /suspend and /resume");
    add_duration(command, "--query-timeout", settings.query_timeout, "for the answer to a query");
}

void add_stream_flags(CLI::App& command, Settings& settings) {
    add(command, "--labelname", settings.label_name, "label of the canary's lines");
    add(command, "--labelvalue", settings.label_value, "its value, another for each canary");
    add(command, "--streamname", settings.stream_name, "a second label of its lines");
    add(command, "--streamvalue", settings.stream_value, "its value: push or stdout by default");
    add(command, "--labels", settings.labels, "name=value,…: in place of these four");
    add(command, "--query-append", settings.query_append, "LogQL behind the selector");
}

void add_write_flags(CLI::App& command, Settings& settings) {
    command.add_flag(
        "--push", settings.push, "push lines to the server; else they go to standard output");
    add_duration(command, "--interval", settings.interval, "between lines");
    add(command, "--size", settings.size_bytes, "bytes of a line");
    add(command, "--logs-batch-size", settings.batch_size, "with --push: lines of a push");
    add(command, "--logs-batch-size-max", settings.batch_size_max, "bound of --logs-batch-size");
    add(command,
        "--out-of-order-percentage",
        settings.out_of_order_percent,
        "of lines with a time that has passed");
    add_duration(
        command, "--out-of-order-min", settings.out_of_order_min, "how long ago, at least");
    add_duration(command, "--out-of-order-max", settings.out_of_order_max, "how long ago, at most");
    add_duration(command, "--write-timeout", settings.write_timeout, "for the answer to a push");
    add_duration(
        command, "--write-min-backoff", settings.write_backoff_min, "before the first retry");
    add_duration(command, "--write-max-backoff", settings.write_backoff_max, "between retries");
    add(command, "--write-max-retries", settings.write_retries_max, "of a push");
}

void add_check_flags(CLI::App& command, Settings& settings) {
    add_duration(command, "--wait", settings.wait, "for a line on the live tail");
    add_duration(command, "--max-wait", settings.max_wait, "for a line in answers to queries");
    add_duration(command,
                 "--pruneinterval",
                 settings.prune_interval,
                 "between looks for lines that are missing");
    add(command, "--buckets", settings.buckets, "of the histogram of latencies");
    add_duration(
        command, "--spot-check-interval", settings.spot_check_interval, "between kept lines");
    add_duration(command, "--spot-check-max", settings.spot_check_max, "how long a line is kept");
    add_duration(command,
                 "--spot-check-query-rate",
                 settings.spot_check_query_rate,
                 "between queries for all kept lines");
    add_duration(command,
                 "--spot-check-initial-wait",
                 settings.spot_check_initial_wait,
                 "before a kept line is asked for");
    add_duration(
        command, "--metric-test-interval", settings.metric_test_interval, "between counts");
    add_duration(command,
                 "--metric-test-range",
                 settings.metric_test_range,
                 "of counts, or since the start");
    add_duration(command,
                 "--cache-test-interval",
                 settings.cache_test_interval,
                 "between counts with and without caches");
    add_duration(command, "--cache-test-range", settings.cache_test_range, "of those counts");
    add_duration(command, "--cache-test-now", settings.cache_test_now, "how long ago they end");
}

}  // namespace

void add_canary_flags(CLI::App& command, Settings& settings) {
    add_server_flags(command, settings);
    add_stream_flags(command, settings);
    add_write_flags(command, settings);
    add_check_flags(command, settings);
}

int canary_command(const Settings& settings) {
    // Threads inherit the mask.
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    const Status status = canary::run(settings, [&signals] {
        int signal = 0;
        sigwait(&signals, &signal);
    });
    return status.ok() ? 0 : fail(status);
}

}  // namespace logi::cli
