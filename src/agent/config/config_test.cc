#include "agent/config/agent_config.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace logi::agent {
namespace {

std::string config_error(const std::string& text) {
    return std::string(message_of(load_agent_config(text, "p.yaml").status()));
}

TEST(AgentConfigTest, AnOrdinaryFile) {
    const auto config = load_agent_config(R"(
server:
  http_listen_port: 9080
  grpc_listen_port: 0
positions:
  filename: /tmp/positions.yaml
clients:
  - url: http://loki:3100/loki/api/v1/push
    tenant_id: 7
    batchwait: 2s
    batchsize: 102400
    basic_auth: {username: u, password_file: /p}
    backoff_config: {min_period: 100ms, max_retries: 3}
    external_labels: {cluster: c}
    tls_config: {ca_file: /ca, insecure_skip_verify: true}
    headers: {X-A: b}
scrape_configs:
- job_name: system
  pipeline_stages:
  - docker: {}
  static_configs:
  - targets: [localhost]
    labels:
      job: varlogs
      __path__: /var/log/*log
  relabel_configs:
  - source_labels: [job]
    target_label: j
- job_name: files
  encoding: utf-16
  decompression: {enabled: true, format: gz, initial_delay: 10s}
  file_sd_configs:
  - files: [/etc/t/*.yml]
    refresh_interval: 1m
limits_config: {max_line_size: 256kb, max_line_size_truncate: true, readline_rate_enabled: true}
target_config: {sync_period: 5s}
global: {file_watch_config: {min_poll_frequency: 1s}}
)",
                                          "p.yaml");
    ASSERT_TRUE(config.ok()) << config.status();
    EXPECT_EQ(config->server.http_listen_port, 9080);
    EXPECT_EQ(config->positions.filename, "/tmp/positions.yaml");
    ASSERT_EQ(config->clients.size(), 1U);
    const ClientConfig& client = config->clients[0];
    EXPECT_EQ(client.url, "http://loki:3100/loki/api/v1/push");
    EXPECT_EQ(client.tenant_id, "7");
    EXPECT_EQ(client.batch_wait, Duration::seconds(2));
    EXPECT_EQ(client.batch_bytes, 102400);
    EXPECT_EQ(client.http.auth.user, "u");
    EXPECT_EQ(client.http.auth.password_file, "/p");
    EXPECT_EQ(client.backoff_min, Duration::millis(100));
    EXPECT_EQ(client.retries_max, 3);
    EXPECT_TRUE(client.http.tls.skip_verify);
    EXPECT_EQ(client.headers.at("X-A"), "b");
    ASSERT_EQ(config->scrape_configs.size(), 2U);
    const ScrapeConfig& system = config->scrape_configs[0];
    EXPECT_EQ(system.pipeline.stages.size(), 1U);
    EXPECT_EQ(system.static_configs[0].labels.at("__path__"), "/var/log/*log");
    EXPECT_EQ(system.relabel.size(), 1U);
    const ScrapeConfig& files = config->scrape_configs[1];
    EXPECT_EQ(files.file_sd_configs[0].refresh_interval, Duration::minutes(1));
    EXPECT_EQ(files.decompression.initial_delay, Duration::seconds(10));
    EXPECT_EQ(config->limits.max_line_bytes, 256 << 10);
    EXPECT_EQ(config->target_sync_period, Duration::seconds(5));
    EXPECT_EQ(config->unused_keys, std::vector<std::string>{"global.file_watch_config"});
}

TEST(AgentConfigTest, RefusesByFileLineAndRightKey) {
    const std::pair<const char*, const char*> cases[] = {
        {"client:\n  ulr: x\n", "p.yaml:2: a client has no key 'ulr'; did you mean 'url'?"},
        {"scrape_config: []\n",
         "p.yaml:1: the configuration has no key 'scrape_config'; did you mean 'scrape_configs'?"},
        {"positions: {filenam: x}\n",
         "p.yaml:1: positions has no key 'filenam'; did you mean 'filename'?"},
        {"server: {http_port: 1}\n",
         "p.yaml:1: server has no key 'http_port'; did you mean 'http_listen_port'?"},
        {"clients: [{tenant_id: a}]\n", "p.yaml:1: a client needs a url"},
        {"clients: [{url: ftp://x}]\n", "p.yaml:1: 'ftp://x' is no http:// or https:// address"},
        {"clients: [{url: http://x, proxy_url: y}]\n",
         "p.yaml:1: proxy_url is not supported: the agent sends directly"},
        {"scrape_configs:\n- job_name: a\n  windows_events: {}\n",
         "p.yaml:3: 'windows_events' is not supported"},
        {"scrape_configs:\n- kafka:\n    brokers: []\n", "p.yaml:3: 'kafka' is not supported"},
        {"scrape_configs: [{heroku_drain: {}}]\n", "p.yaml:1: 'heroku_drain' is not supported"},
        {"scrape_configs: [{cloudflare: {}}]\n", "p.yaml:1: 'cloudflare' is not supported"},
        {"scrape_configs: [{gcplog: {}}]\n", "p.yaml:1: 'gcplog' is not supported"},
        {"scrape_configs: [{decompression: {enabled: true, format: xz}}]\n",
         "p.yaml:1: the format of a decompression is gz, z, bz2 or zst"},
        {"scrape_configs: [{relabel_configs: [{action: foo}]}]\n",
         "p.yaml:1: unknown relabel action \"foo\""},
        {"scrape_configs: [{file_sd_configs: [{files: [a.txt]}]}]\n",
         "p.yaml:1: 'a.txt' ends in none of .json, .yml, .yaml"},
        {"target_config: {sync_period: soon}\n", "p.yaml:1: not a valid duration: 'soon'"},
        {"client: {url: http://a}\nclient: {url: http://b}\n",
         "p.yaml:2: key 'client' is given twice"},
    };
    for (const auto& [text, error] : cases) {
        EXPECT_EQ(config_error(text), error);
    }
    EXPECT_EQ(config_error(""), "");
}

TEST(AgentFlagsTest, AsPromtailHasThem) {
    const auto flags = parse_flags({"-config.file=a.yaml",
                                    "--config.expand-env=true",
                                    "-dry-run",
                                    "-client.url",
                                    "http://x/push",
                                    "-client.external-labels=a=b,c=d=e",
                                    "-server.http-listen-port=1",
                                    "-server.disable"});
    ASSERT_TRUE(flags.ok()) << flags.status();
    EXPECT_EQ(flags->config_file, "a.yaml");
    EXPECT_TRUE(flags->expand_env);
    EXPECT_TRUE(flags->dry_run);
    EXPECT_FALSE(flags->inspect);
    const auto error = [](const std::vector<std::string>& args) {
        return std::string(message_of(parse_flags(args).status()));
    };
    EXPECT_EQ(error({"-config.fil=x"}), "there is no flag -config.fil; did you mean -config.file?");
    EXPECT_EQ(error({"-client.url"}), "-client.url needs a value");
    EXPECT_EQ(error({"x"}), "'x' is no flag");
}

TEST(AgentFlagsTest, CountMoreThanTheFile) {
    const std::string path = testing::TempDir() + "/agent_flags.yaml";
    ::setenv("AGENT_TEST_JOB", "j\\w", 1);
    std::ofstream(path)
        << "clients: [{url: http://a, external_labels: {a: x}}]\n"
           "server: {http_listen_port: 5}\n"
           "scrape_configs: [{job_name: '${AGENT_TEST_JOB}-${AGENT_NONE:-d}\\\\d'}]\n";
    AgentFlags flags = *parse_flags({"-config.expand-env",
                                     "-config.file",
                                     path,
                                     "-client.url=http://b",
                                     "-client.external-labels=a=y,b=z",
                                     "-server.http-listen-port=6",
                                     "-positions.file=/p",
                                     "-max-line-size=1kb"});
    const auto config = configure(flags);
    ASSERT_TRUE(config.ok()) << config.status();
    EXPECT_EQ(config->scrape_configs[0].job_name, "j\\w-d\\d");
    EXPECT_EQ(config->server.http_listen_port, 6);
    EXPECT_EQ(config->positions.filename, "/p");
    EXPECT_EQ(config->limits.max_line_bytes, 1024);
    ASSERT_EQ(config->clients.size(), 2U);
    EXPECT_EQ(config->clients[0].external_labels, (TextMap{{"a", "x"}, {"b", "z"}}));
    EXPECT_EQ(config->clients[1].url, "http://b");
    flags.values = {{"client.timeout", "x"}};
    EXPECT_EQ(message_of(configure(flags).status()), "-client.timeout: not a valid duration: 'x'");
    std::filesystem::remove(path);
}

}  // namespace
}  // namespace logi::agent
