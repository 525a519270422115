// Parts of the configuration, read from YAML. For .cc files.
#pragma once

#include "agent/config/agent_config.h"
#include "config/sections.h"

namespace YAML {
class Node;
}

namespace logi::agent {

// Sets what it is given from a tls_config.
config::Setter read_tls(TlsConfig& tls);

// Throws config::BadConfig.
ClientConfig read_client(const YAML::Node& node);
// Keys of everything that talks to a server, to be checked afterwards.
config::Setters http_client_setters(HttpClientConfig& c);
void check_auth(const YAML::Node& node, const HttpClientConfig& c);
// Of http_sd_configs, docker_sd_configs and kubernetes_sd_configs.
HttpSdConfig read_http_sd(const YAML::Node& node);
DockerSdConfig read_docker_sd(const YAML::Node& node);
KubernetesSdConfig read_kubernetes_sd(const YAML::Node& node);
ScrapeConfig read_scrape_config(const YAML::Node& node);
SyslogConfig read_syslog(const YAML::Node& node);
GelfConfig read_gelf(const YAML::Node& node);
PushApiConfig read_push_api(const YAML::Node& node);
// Keys of a `server`; `unused` gets those that have no effect here.
config::Setters server_setters(ServerConfig& s, std::vector<std::string>& unused);
// Also of special targets.
std::vector<RelabelRule> read_relabel_rules(const YAML::Node& list);
std::vector<TargetGroup> read_target_groups(const YAML::Node& list);

}  // namespace logi::agent
