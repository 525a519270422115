#include "config/config.h"

#include <gtest/gtest.h>

namespace logi::config {
namespace {

TEST(Config, ReadsLokisKeysAndNamesTheUnused) {
    const auto config = load(
        "auth_enabled: true\nserver:\n  http_listen_port: 3200\n  grpc_listen_port: 9095\n"
        "common:\n  path_prefix: /data\nschema_config:\n  configs: [1]\n"
        "limits_config:\n  max_line_size: 1KB\n  reject_old_samples_max_age: 2w\n  "
        "retention_period: 744h\n  bloom_max_bloom_size: 1KB\n  discover_log_levels: false\n  "
        "log_level_fields: [prio, 'a\"b']\n",
        "loki.yaml");
    ASSERT_TRUE(config.ok()) << config.status();
    EXPECT_TRUE(config->auth_enabled);
    EXPECT_EQ(config->http_listen_port, 3200);
    EXPECT_EQ(config->data_dir, "/data");
    EXPECT_EQ(config->limits.max_line_size, 1024);
    EXPECT_EQ(config->limits.reject_old_samples_max_age, Duration::hours(14 * 24));
    EXPECT_EQ(config->unused_keys,
              (std::vector<std::string>{"server.grpc_listen_port",
                                        "limits_config.bloom_max_bloom_size"}));
    EXPECT_EQ(config->limits.retention_period, Duration::hours(744));
    EXPECT_EQ(config->limits.log_level_fields, (std::vector<std::string>{"prio", "a\"b"}));
    EXPECT_FALSE(config->limits.discover_log_levels);
    const auto again = load(to_yaml(*config), "printed");
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_EQ(again->limits.max_line_size, 1024);
    EXPECT_EQ(again->limits.log_level_fields, config->limits.log_level_fields);
}

std::string bucket_of(const std::string& text) {
    const auto config = load(text, "loki.yaml");
    return config.ok() ? config->bucket.address : std::string(message_of(config.status()));
}

TEST(Config, FindsTheBucketWhereLokisUsersNameIt) {
    EXPECT_EQ(bucket_of("bucket: s3://logs/a?region=x\n"), "s3://logs/a?region=x");
    EXPECT_EQ(bucket_of("common:\n  storage:\n    s3:\n      bucketnames: logs\n"
                        "      region: eu-west-1\n"),
              "s3://logs/logi?region=eu-west-1");
    EXPECT_EQ(bucket_of("common:\n  storage:\n    filesystem:\n      chunks_directory: /x\n"), "");
    const std::string aws =
        "storage_config:\n  aws:\n    endpoint: minio:9000\n    insecure: true\n"
        "    bucketnames: logs\n    s3forcepathstyle: true\n";
    EXPECT_EQ(bucket_of(aws + "schema_config:\n  configs:\n    - object_store: s3\n"),
              "s3://logs/logi?endpoint=http://minio:9000&path_style=true");
    // Loki goes by the schema, and so does who reads its configuration.
    EXPECT_EQ(bucket_of(aws + "schema_config:\n  configs:\n    - object_store: filesystem\n"), "");
    EXPECT_EQ(bucket_of("bucket: s3://mine/a\n" + aws), "s3://mine/a");
    const auto url = load(
        "common:\n  storage:\n    s3:\n      s3: s3://KEY:SECRET/1@us-west-2/logs\n", "loki.yaml");
    ASSERT_TRUE(url.ok()) << url.status();
    EXPECT_EQ(url->bucket.address, "s3://logs/logi?region=us-west-2");
    EXPECT_EQ(url->bucket.access_key_id, "KEY");
    EXPECT_EQ(url->bucket.secret_access_key, "SECRET/1");
    EXPECT_EQ(to_yaml(*url).find("SECRET"), std::string::npos);
    EXPECT_EQ(bucket_of("common:\n  storage:\n    s3:\n      bucketnames: a,b\n"),
              "loki.yaml:4: bucketnames: expected the name of one bucket");
}

TEST(Config, PrintedAddressesAreReadBack) {
    for (const char* address : {"", "::1", "localhost", "0.0.0.0"}) {
        const auto config =
            load("server:\n  http_listen_address: '" + std::string(address) + "'\n", "f.yaml");
        ASSERT_TRUE(config.ok()) << config.status();
        EXPECT_EQ(config->http_listen_address, address);
        const auto again = load(to_yaml(*config), "printed");
        ASSERT_TRUE(again.ok()) << again.status();
        EXPECT_EQ(again->http_listen_address, address);
    }
}

TEST(Config, ThePortOfOtlpIsANumberOrAuto) {
    const auto port_of = [](const std::string& text) {
        return load("server: {otlp_grpc_listen_port: " + text + "}", "f.yaml");
    };
    EXPECT_EQ(port_of("auto")->otlp_grpc_listen_port, std::nullopt);
    EXPECT_EQ(port_of("4400")->otlp_grpc_listen_port, 4400);
    EXPECT_EQ(load(to_yaml(*port_of("0")), "printed")->otlp_grpc_listen_port, 0);
    EXPECT_EQ(load(to_yaml(Config()), "printed")->otlp_grpc_listen_port, std::nullopt);
    EXPECT_FALSE(port_of("some").ok());
    EXPECT_FALSE(port_of("70000").ok());
    EXPECT_FALSE(load("server: {grpc_server_max_recv_msg_size: 3GB}", "f.yaml").ok());
    EXPECT_FALSE(load("server: {grpc_server_max_recv_msg_size: 0}", "f.yaml").ok());
}

TEST(Config, PrintedLimitsAreReadBack) {
    const auto config = load(
        "limits_config:\n  max_query_length: 31d\n  volume_enabled: false\n"
        "  discover_service_name: [a, \"b: c\"]\n  max_line_size_truncate_identifier: \"…: x\"\n",
        "f.yaml");
    ASSERT_TRUE(config.ok()) << config.status();
    const auto again = load(to_yaml(*config), "printed");
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_EQ(to_yaml(*again), to_yaml(*config));
    EXPECT_FALSE(again->limits.volume_enabled);
    EXPECT_EQ(again->limits.max_query_length, Duration::hours(31 * 24));
    EXPECT_EQ(again->limits.discover_service_name, (std::vector<std::string>{"a", "b: c"}));
    EXPECT_EQ(again->limits.max_line_size_truncate_identifier, "…: x");
}

TEST(Config, RetentionAndDeletes) {
    const auto config = load(
        "compactor:\n  working_directory: /x\n  compaction_interval: 1s\n"
        "  retention_enabled: true\n  delete_request_cancel_period: 0s\n"
        "limits_config:\n  retention_period: 31d\n  deletion_mode: filter-only\n"
        "  retention_stream:\n  - {selector: '{a=\"b\"}', priority: 3, period: 24h}\n"
        "  - selector: '{}'\n    period: 2d\n",
        "f.yaml");
    ASSERT_TRUE(config.ok()) << config.status();
    EXPECT_EQ(config->compaction_interval, Duration::seconds(1));
    EXPECT_TRUE(config->retention_enabled);
    EXPECT_EQ(config->delete_request_cancel_period, Duration{});
    EXPECT_EQ(config->limits.retention_period, Duration::hours(31 * 24));
    EXPECT_EQ(config->limits.deletion_mode, "filter-only");
    ASSERT_EQ(config->limits.retention_stream.size(), 2U);
    EXPECT_EQ(config->limits.retention_stream[0].priority, 3);
    EXPECT_EQ(config->limits.retention_stream[1].period, Duration::hours(48));
    EXPECT_EQ(config->unused_keys, (std::vector<std::string>{"compactor.working_directory"}));
    const auto again = load(to_yaml(*config), "printed");
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_EQ(to_yaml(*again), to_yaml(*config));
    for (const char* wrong : {"compactor:\n  retention_enable: true\n",
                              "limits_config:\n  deletion_mode: yes\n",
                              "limits_config:\n  retention_stream: 24h\n",
                              "limits_config:\n  retention_stream: [{selector: '{}'}]\n",
                              "limits_config:\n  retention_stream:\n"
                              "  - {selector: '{}', period: 2d, prioritys: 1}\n",
                              "limits_config:\n  retention_stream:\n"
                              "  - {selector: '{}', period: 2d, period: 3d}\n"}) {
        EXPECT_FALSE(load(wrong, "f.yaml").ok()) << wrong;
    }
}

TEST(Config, WhatIsNotAsByDefault) {
    EXPECT_EQ(diff_to_yaml(Config()), "{}\n");
    const auto config = load(
        "auth_enabled: true\nserver:\n  log_level: warn\n  http_listen_port: 3200\n"
        "limits_config:\n  max_query_series: 7\n",
        "f.yaml");
    ASSERT_TRUE(config.ok()) << config.status();
    EXPECT_EQ(diff_to_yaml(*config),
              "auth_enabled: true\nserver:\n  http_listen_port: 3200\n  log_level: warn\n"
              "limits_config:\n  max_query_series: 7\n");
    EXPECT_EQ(limits_to_yaml(config->limits, {"max_query_series", "nothing", "volume_enabled"}),
              "max_query_series: 7\nvolume_enabled: true\n");
}

TEST(Config, PoliciesOfIngestionAreReadAndPrinted) {
    const auto config = load(
        "limits_config:\n  enforced_labels: [app]\n  policy_enforced_labels:\n    \"*\": [env]\n"
        "    finance: [team, \"a b\"]\n  block_ingestion_until: 2030-01-02T03:04:05Z\n"
        "  block_ingestion_policy_until:\n    finance: 2031-01-01\n    b: 0\n"
        "  block_ingestion_status_code: 429\n  policy_stream_mapping:\n    finance:\n"
        "      - selector: '{app=\"x\"}'\n        priority: 2\n      - selector: '{a=\"b\"}'\n"
        "  required_labels: [app]\n  minimum_labels_number: 2\n  max_query_bytes_read: 1GB\n",
        "f.yaml");
    ASSERT_TRUE(config.ok()) << config.status();
    EXPECT_TRUE(config->unused_keys.empty());
    const auto again = load(to_yaml(*config), "printed");
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_EQ(to_yaml(*again), to_yaml(*config));
    const Limits& limits = again->limits;
    EXPECT_EQ(limits.block_ingestion_until.ns, 1'893'553'445'000'000'000);
    EXPECT_EQ(limits.block_ingestion_policy_until.at("b").ns, 0);
    EXPECT_EQ(limits.block_ingestion_policy_until.at("finance").ns, 1'924'992'000'000'000'000);
    EXPECT_EQ(limits.policy_enforced_labels.at("finance"),
              (std::vector<std::string>{"team", "a b"}));
    ASSERT_EQ(limits.policy_stream_mapping.at("finance").size(), 2U);
    EXPECT_EQ(limits.policy_stream_mapping.at("finance")[0].priority, 2);
    EXPECT_EQ(limits.policy_stream_mapping.at("finance")[1].selector, "{a=\"b\"}");
    EXPECT_EQ(limits.max_query_bytes_read, 1 << 30);
    for (const char* bad : {"block_ingestion_until: soon",
                            "block_ingestion_status_code: 20",
                            "policy_stream_mapping: [a]",
                            "policy_stream_mapping: {a: [{priority: 1}]}",
                            "policy_stream_mapping: {a: [{selector: '{}', prio: 1}]}",
                            "policy_enforced_labels: {a: 5}"}) {
        EXPECT_FALSE(load("limits_config:\n  " + std::string(bad), "f.yaml").ok()) << bad;
    }
}

TEST(Config, VariablesAreExpanded) {
    const auto expanded = [](std::string_view text) {
        const auto result = expand(text, "f.yaml", [](const std::string& name) {
            return name == "PORT"    ? std::optional<std::string>("3200")
                   : name == "EMPTY" ? std::optional<std::string>("")
                                     : std::nullopt;
        });
        return result.ok() ? *result : std::string(result.status().message());
    };
    EXPECT_EQ(expanded("a: ${PORT}\nb: ${PORT:-1}"), "a: 3200\nb: 3200");
    EXPECT_EQ(expanded("a: ${NONE}x${EMPTY}"), "a: x");
    EXPECT_EQ(expanded("a: ${NONE:-b c}, ${EMPTY:-c:-d}"), "a: b c, c:-d");
    EXPECT_EQ(expanded("a: ${NONE:-${PORT}}"), "a: 3200");
    EXPECT_EQ(expanded("a: $PORT $ $${PORT} }"), "a: $PORT $ ${PORT} }");
    EXPECT_EQ(expanded("\n\na: ${PORT"),
              "f.yaml:3: '${' is not the beginning of ${NAME} or ${NAME:-default}; for the text "
              "itself write '$${'");
    std::string deep;
    for (int i = 0; i < 100'000; ++i) {
        deep.append("${NONE:-");
    }
    EXPECT_NE(expanded(deep + std::string(100'000, '}')).find("f.yaml:1: "), std::string::npos);
    EXPECT_NE(expanded("a: ${PORT//x}").find("f.yaml:1: "), std::string::npos);
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

TEST(Config, ReadsLimitsOfTenants) {
    Limits defaults;
    defaults.max_line_size = 7;
    Overrides overrides;
    ASSERT_TRUE(
        load_overrides("overrides: {a: {max_query_series: 3, cardinality_limit: 1}, b: {}}\n"
                       "configs: {a: {log_push_request: true}}\n",
                       "one",
                       defaults,
                       overrides)
            .ok());
    ASSERT_TRUE(load_overrides("overrides: {a: {max_line_size: 1KB, cardinality_limit: 2}}\n",
                               "two",
                               defaults,
                               overrides)
                    .ok());
    ASSERT_EQ(overrides.by_tenant.size(), 2U);
    EXPECT_EQ(overrides.by_tenant["a"].max_query_series, 3);
    EXPECT_EQ(overrides.by_tenant["a"].max_line_size, 1024);
    EXPECT_EQ(overrides.by_tenant["b"].max_line_size, 7);
    EXPECT_EQ(overrides.unused_keys,
              (std::vector<std::string>{"overrides.cardinality_limit", "runtime.configs"}));
    EXPECT_EQ(
        load_overrides("overrides:\n  a: {max_lin_size: 1}\n", "f", defaults, overrides).message(),
        "f:2: unknown key 'max_lin_size' in overrides; did you mean 'max_line_size'?");
    EXPECT_FALSE(load_overrides("override: {}\n", "f", defaults, overrides).ok());
}

TEST(Config, ReadsLimitsThatAreMaps) {
    const auto config = load(
        "limits_config:\n"
        "  shard_streams: {enabled: false, desired_rate: 1KB}\n"
        "  discover_generic_fields: {fields: {trace_id: [trace_id, traceID]}}\n",
        "f");
    ASSERT_TRUE(config.ok()) << config.status();
    EXPECT_EQ(config->unused_keys,
              (std::vector<std::string>{"limits_config.shard_streams.desired_rate"}));
    const auto again = load(to_yaml(*config), "printed");
    ASSERT_TRUE(again.ok()) << again.status();
    for (const auto& read : {*config, *again}) {
        EXPECT_FALSE(read.limits.shard_streams_enabled);
        EXPECT_EQ(read.limits.discover_generic_fields,
                  (std::map<std::string, std::vector<std::string>>{
                      {"trace_id", {"trace_id", "traceID"}}}));
    }
    EXPECT_EQ(load("limits_config: {shard_streams: {enable: true}}", "f").status().message(),
              "f:1: unknown key 'enable' in limits_config.shard_streams; did you mean 'enabled'?");
    EXPECT_FALSE(load("limits_config: {discover_generic_fields: {trace_id: [x]}}", "f").ok());
    EXPECT_FALSE(load("limits_config: {discover_generic_fields: {fields: [x]}}", "f").ok());
}

TEST(Config, ReadsBlockedQueries) {
    const auto config = load(
        "limits_config:\n"
        "  blocked_queries:\n"
        "    - {pattern: 'a\\\"b', regex: true, types: 'metric,filter'}\n"
        "    - {hash: 2943214005, types: [limited], query_tags: {source: x}}\n",
        "f");
    ASSERT_TRUE(config.ok()) << config.status();
    const auto again = load(to_yaml(*config), "printed");
    ASSERT_TRUE(again.ok()) << again.status();
    for (const auto& read : {*config, *again}) {
        const auto& rules = read.limits.blocked_queries;
        ASSERT_EQ(rules.size(), 2U);
        EXPECT_EQ(rules[0].pattern, "a\\\"b");
        EXPECT_TRUE(rules[0].regex);
        EXPECT_EQ(rules[0].types, (std::vector<std::string>{"metric", "filter"}));
        EXPECT_EQ(rules[1].hash, 2943214005U);
        EXPECT_EQ(rules[1].types, (std::vector<std::string>{"limited"}));
        EXPECT_EQ(rules[1].query_tags, (std::map<std::string, std::string>{{"source", "x"}}));
    }
    EXPECT_FALSE(load("limits_config: {blocked_queries: [{types: series}]}", "f").ok());
    EXPECT_FALSE(load("limits_config: {blocked_queries: [{hash: -1}]}", "f").ok());
    EXPECT_FALSE(load("limits_config: {blocked_queries: [{patern: x}]}", "f").ok());
    EXPECT_FALSE(load("limits_config: {blocked_queries: {pattern: x}}", "f").ok());
}

TEST(Config, ReadsRulesOfOtlp) {
    const auto config = load(
        "limits_config:\n"
        "  otlp_config:\n"
        "    resource_attributes:\n"
        "      ignore_defaults: true\n"
        "      attributes_config: [{action: index_label, attributes: [a.b]}]\n"
        "    scope_attributes: [{action: drop, regex: x.*}]\n"
        "    severity_text_as_label: true\n"
        "distributor: {otlp_config: {default_resource_attributes_as_index_labels: [c]}, ring: "
        "{}}\n",
        "f");
    ASSERT_TRUE(config.ok()) << config.status();
    EXPECT_EQ(config->unused_keys, (std::vector<std::string>{"distributor.ring"}));
    const auto again = load(to_yaml(*config), "printed");
    ASSERT_TRUE(again.ok()) << again.status();
    for (const auto& read : {*config, *again}) {
        const OtlpConfig& otlp = read.limits.otlp_config;
        EXPECT_TRUE(otlp.ignore_resource_defaults);
        ASSERT_EQ(otlp.resource_attributes.size(), 1U);
        EXPECT_EQ(otlp.resource_attributes[0].action, OtlpAction::kIndexLabel);
        EXPECT_EQ(otlp.resource_attributes[0].attributes, (std::vector<std::string>{"a.b"}));
        ASSERT_EQ(otlp.scope_attributes.size(), 1U);
        EXPECT_EQ(otlp.scope_attributes[0].regex, "x.*");
        EXPECT_TRUE(otlp.severity_text_as_label);
        EXPECT_EQ(otlp.default_index_labels, (std::vector<std::string>{"c"}));
    }
    EXPECT_FALSE(load("limits_config: {otlp_config: {log_attributes: [{action: x}]}}", "f").ok());
    EXPECT_FALSE(load("limits_config: {otlp_config: {resource: {}}}", "f").ok());
}

TEST(Config, ReadsTlsByBothOfItsNames) {
    for (const char* name : {"tls", "http_tls_config"}) {
        const auto config = load(std::string("server:\n  ") + name +
                                     ": {cert_file: c, key_file: k, client_ca_file: ca}\n"
                                     "  grpc_tls_config: {cert_file: gc, key_file: gk}\n"
                                     "  tls_min_version: VersionTLS13\n"
                                     "  tls_cipher_suites: x\n",
                                 "f");
        ASSERT_TRUE(config.ok()) << config.status();
        EXPECT_EQ(config->unused_keys, (std::vector<std::string>{"server.tls_cipher_suites"}));
        const auto again = load(to_yaml(*config), "printed");
        ASSERT_TRUE(again.ok()) << again.status();
        for (const auto& read : {*config, *again}) {
            EXPECT_EQ(read.tls, (ServerTls{"c", "k", "ca", ClientAuth::kIfGiven}));
            EXPECT_EQ(read.grpc_tls, (ServerTls{"gc", "gk", "", ClientAuth::kNone}));
            EXPECT_TRUE(read.only_tls13);
        }
    }
    // As Loki prints that there is none.
    const auto none = load(
        "server: {tls_min_version: '', http_tls_config: {cert: '', key: null, client_ca: '', "
        "cert_file: '', key_file: '', client_auth_type: '', client_ca_file: ''}}",
        "f");
    ASSERT_TRUE(none.ok()) << none.status();
    EXPECT_FALSE(none->tls.has_value());
    const std::string mtls = "auth: {mode: mtls}\nserver: {tls: {cert_file: c, key_file: k";
    EXPECT_FALSE(load(mtls + "}}\n", "f").ok());
    EXPECT_TRUE(load(mtls + ", client_ca_file: ca}}\n", "f").ok());
    EXPECT_FALSE(load(mtls + ", client_ca_file: ca, client_auth_type: NoClientCert}}\n", "f").ok());
    EXPECT_FALSE(
        load(mtls + ", client_ca_file: a}, grpc_tls_config: {cert_file: c, key_file: k}}\n", "f")
            .ok());
}

TEST(Config, ReadsHowProcessesCallEachOtherAndNeverShowsTheSecret) {
    const auto config = load(
        "cluster: {listen_address: '', listen_port: 3102, advertise_address: 10.0.0.7, "
        "secret: 0123456789abcdef, tls_server_name: logi, "
        "tls_config: {cert_file: c, key_file: k, client_ca_file: ca}}",
        "f");
    ASSERT_TRUE(config.ok()) << config.status();
    EXPECT_EQ(config->cluster.secret, "0123456789abcdef");
    EXPECT_TRUE(config->unused_keys.empty());
    const std::string shown = to_yaml(*config);
    EXPECT_EQ(shown.find("0123456789abcdef"), std::string::npos);
    const auto again = load(shown, "printed");
    ASSERT_TRUE(again.ok()) << again.status();
    for (const auto& read : {config->cluster, again->cluster}) {
        EXPECT_EQ(read.listen_address, "");
        EXPECT_EQ(read.listen_port, 3102);
        EXPECT_EQ(read.advertise_address, "10.0.0.7");
        EXPECT_EQ(read.tls, (ServerTls{"c", "k", "ca", ClientAuth::kRequired}));
        EXPECT_EQ(read.tls_server_name, "logi");
    }
    for (const char* wrong : {"secret: short",
                              "secret: 0123456789abcdef, secret_file: f",
                              "tls_config: {cert_file: c, key_file: k}",
                              "listen_prt: 1"}) {
        const auto refused = load(std::string("cluster: {") + wrong + "}", "f");
        EXPECT_FALSE(refused.ok()) << wrong;
        EXPECT_EQ(refused.status().message().find("0123456789abcdef"), absl::string_view::npos);
    }
}

}  // namespace
}  // namespace logi::config
