#include "config/config.h"

#include <gtest/gtest.h>

namespace logi::config {
namespace {

TEST(Config, ReadsLokisKeysAndNamesTheUnused) {
    const auto config = load(
        "auth_enabled: true\nserver:\n  http_listen_port: 3200\n  grpc_listen_port: 9095\n"
        "common:\n  path_prefix: /data\nschema_config:\n  configs: [1]\n"
        "limits_config:\n  max_line_size: 1KB\n  reject_old_samples_max_age: 2w\n  "
        "retention_period: 744h\n  discover_log_levels: false\n  "
        "log_level_fields: [prio, 'a\"b']\n",
        "loki.yaml");
    ASSERT_TRUE(config.ok()) << config.status();
    EXPECT_TRUE(config->auth_enabled);
    EXPECT_EQ(config->http_listen_port, 3200);
    EXPECT_EQ(config->data_dir, "/data");
    EXPECT_EQ(config->limits.max_line_size, 1024);
    EXPECT_EQ(config->limits.reject_old_samples_max_age, Duration::hours(14 * 24));
    EXPECT_EQ(config->unused_keys,
              (std::vector<std::string>{
                  "server.grpc_listen_port", "schema_config", "limits_config.retention_period"}));
    EXPECT_EQ(config->limits.log_level_fields, (std::vector<std::string>{"prio", "a\"b"}));
    EXPECT_FALSE(config->limits.discover_log_levels);
    const auto again = load(to_yaml(*config), "printed");
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_EQ(again->limits.max_line_size, 1024);
    EXPECT_EQ(again->limits.log_level_fields, config->limits.log_level_fields);
}

TEST(Config, PrintedLimitsAreReadBack) {
    const auto config = load(
        "limits_config:\n  max_query_length: 31d\n  volume_enabled: false\n"
        "  discover_service_name: [a, \"b: c\"]\n  max_line_size_truncate_identifier: \"…: x\"\n",
        "f.yaml");
    ASSERT_TRUE(config.ok()) << config.status();
    const auto again = load(to_yaml(*config), "printed");
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_EQ(limits_to_yaml(again->limits), limits_to_yaml(config->limits));
    EXPECT_FALSE(again->limits.volume_enabled);
    EXPECT_EQ(again->limits.max_query_length, Duration::hours(31 * 24));
    EXPECT_EQ(again->limits.discover_service_name, (std::vector<std::string>{"a", "b: c"}));
    EXPECT_EQ(again->limits.max_line_size_truncate_identifier, "…: x");
}

TEST(Config, DurationsAreWrittenAsPrometheusDoes) {
    EXPECT_EQ(format_duration({0}), "0s");
    EXPECT_EQ(format_duration(Duration::millis(1500)), "1s500ms");
    EXPECT_EQ(format_duration(Duration::minutes(1)), "1m");
    EXPECT_EQ(format_duration(Duration::hours(721)), "30d1h");
    EXPECT_EQ(format_duration(Duration::hours(7 * 24)), "1w");
    EXPECT_EQ(format_duration(Duration::hours(8 * 24)), "8d");
    EXPECT_EQ(format_duration(Duration::hours(365 * 24)), "1y");
}

TEST(Config, MistakesNameLineAndNearestKey) {
    const auto error = [](const char* text) {
        return std::string(load(text, "f.yaml").status().message());
    };
    EXPECT_EQ(
        error("server:\n  http_listen_prt: 1\n"),
        "f.yaml:2: unknown key 'http_listen_prt' in server; did you mean 'http_listen_port'?");
    EXPECT_EQ(error("auth_enable: true\n"),
              "f.yaml:1: unknown key 'auth_enable'; did you mean 'auth_enabled'?");
    EXPECT_EQ(error("auth_enabled: 5x\n"), "f.yaml:1: expected true or false");
    EXPECT_EQ(error("auth_enabled: true\nauth_enabled: false\n"),
              "f.yaml:2: key 'auth_enabled' is given twice");
    EXPECT_NE(error("a: [\n").find("f.yaml:"), std::string::npos);
    EXPECT_EQ(error("server:\n  log_level: loud\n"),
              "f.yaml:2: expected debug, info, warn or error");
    for (const char* number : {"ingestion_rate_mb: -1",
                               "ingestion_rate_mb: .nan",
                               "ingestion_burst_size_mb: .inf",
                               "max_query_series: -1"}) {
        EXPECT_NE(error(("limits_config:\n  " + std::string(number)).c_str()).find("f.yaml:2: "),
                  std::string::npos)
            << number;
    }
    for (const char* size : {"99999999999999999999GB", "1e400", "-1", ""}) {
        EXPECT_FALSE(parse_size(size).ok()) << size;
    }
    EXPECT_FALSE(parse_duration("99999999999y").ok());
    EXPECT_FALSE(load("k: " + std::string(100'000, '['), "f.yaml").ok());
    EXPECT_FALSE(load(std::string(1 << 20, 'k') + ": 1\n", "f.yaml").ok());
    EXPECT_NE(error("limits_config:\n  max_line_size: 5XB\n").find("not a valid size"),
              std::string::npos);
}

}  // namespace
}  // namespace logi::config
