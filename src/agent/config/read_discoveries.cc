#include "absl/strings/str_cat.h"
#include "agent/config/readers.h"
#include "config/setters.h"

namespace logi::agent {
namespace {

bool has_scheme(const std::string& address, std::initializer_list<std::string_view> schemes) {
    return std::any_of(schemes.begin(), schemes.end(), [&](std::string_view scheme) {
        return address.starts_with(scheme);
    });
}

// The address is shown in errors, logs and labels.
void refuse_secrets(const YAML::Node& node, const std::string& address) {
    const std::size_t scheme = address.find("://");
    const std::string rest = scheme == std::string::npos ? address : address.substr(scheme + 3);
    if (rest.substr(0, rest.find_first_of("/?#")).find('@') != std::string::npos) {
        config::refuse(node, "an address may not have a user and a password in it: use basic_auth");
    }
}

// What every server that is asked for targets has.
void read_server_keys(const YAML::Node& node,
                      const std::string& what,
                      HttpClientConfig& client,
                      config::Setters setters) {
    setters.merge(http_client_setters(client));
    config::read_keys(node, what, setters);
    check_auth(node, client);
    if (!client.tls.server_name.empty()) {
        config::refuse(node, absl::StrCat("server_name is not supported in ", what));
    }
}

config::Setter set_interval(Duration& target) {
    return [&target](const YAML::Node& v) {
        config::set_duration(target)(v);
        if (target.ns <= 0) {
            config::refuse(v, "refresh_interval is above 0");
        }
    };
}

void read_selector(const YAML::Node& node, KubernetesSdConfig& c) {
    std::string role;
    config::read_keys(node,
                      "a selector",
                      {{"role", config::set(role)},
                       {"label", config::set(c.label_selector)},
                       {"field", config::set(c.field_selector)}});
    if (role != "pod") {
        config::refuse(node, "a selector is of the role pod");
    }
}

config::Setter read_namespaces(KubernetesSdConfig& c) {
    return [&c](const YAML::Node& v) {
        config::read_keys(v,
                          "namespaces",
                          {{"own_namespace", config::set(c.own_namespace)},
                           {"names", config::set(c.namespaces)}});
    };
}

}  // namespace

HttpSdConfig read_http_sd(const YAML::Node& node) {
    HttpSdConfig c;
    read_server_keys(
        node,
        "an http_sd_config",
        c.client,
        {{"url", config::set(c.url)}, {"refresh_interval", set_interval(c.refresh_interval)}});
    if (!has_scheme(c.url, {"http://", "https://"})) {
        config::refuse(node, "an http_sd_config needs a url, http:// or https://");
    }
    refuse_secrets(node, c.url);
    return c;
}

DockerSdConfig read_docker_sd(const YAML::Node& node) {
    DockerSdConfig c;
    bool match_first_network = true;
    read_server_keys(node,
                     "a docker_sd_config",
                     c.client,
                     {{"host", config::set(c.host)},
                      {"port", config::set(c.port)},
                      {"host_networking_host", config::set(c.host_networking_host)},
                      {"match_first_network", config::set(match_first_network)},
                      {"refresh_interval", set_interval(c.refresh_interval)},
                      {"filters", [&c](const YAML::Node& v) {
                           config::read_list(v, "filters", [&](const YAML::Node& item) {
                               std::string name;
                               std::vector<std::string> values;
                               config::read_keys(
                                   item,
                                   "a filter",
                                   {{"name", config::set(name)}, {"values", config::set(values)}});
                               c.filters[name] = std::move(values);
                           });
                       }}});
    if (!has_scheme(c.host, {"unix://", "tcp://", "http://", "https://"})) {
        config::refuse(node,
                       "a docker_sd_config needs a host, unix://, tcp://, http:// or https://");
    }
    refuse_secrets(node, c.host);
    return c;
}

KubernetesSdConfig read_kubernetes_sd(const YAML::Node& node) {
    KubernetesSdConfig c;
    std::string role;
    read_server_keys(
        node,
        "a kubernetes_sd_config",
        c.client,
        {{"api_server", config::set(c.api_server)},
         {"role", config::set(role)},
         {"namespaces", read_namespaces(c)},
         {"selectors",
          [&c](const YAML::Node& v) {
              config::read_list(
                  v, "selectors", [&](const YAML::Node& item) { read_selector(item, c); });
          }},
         {"kubeconfig_file",
          [](const YAML::Node& v) {
              config::refuse(v,
                             "kubeconfig_file is not supported: name api_server and who you are");
          }},
         {"attach_metadata", [](const YAML::Node& v) {
              bool node_labels = false;
              config::read_keys(v, "attach_metadata", {{"node", config::set(node_labels)}});
              if (node_labels) {
                  config::refuse(v, "attach_metadata of nodes is not supported");
              }
          }}});
    if (role != "pod") {
        config::refuse(
            node,
            absl::StrCat(
                "the role '", role, "' of a kubernetes_sd_config is not supported: pod is"));
    }
    if (!c.api_server.empty() && !has_scheme(c.api_server, {"http://", "https://"})) {
        config::refuse(node,
                       absl::StrCat("'", c.api_server, "' is no http:// or https:// address"));
    }
    while (c.api_server.ends_with('/')) {
        c.api_server.pop_back();
    }
    refuse_secrets(node, c.api_server);
    return c;
}

}  // namespace logi::agent
