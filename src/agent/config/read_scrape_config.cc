#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "agent/config/readers.h"
#include "agent/stages/options.h"
#include "config/setters.h"

#include <array>

namespace logi::agent {
namespace {

// What Promtail can do and the agent cannot.
constexpr std::array<std::string_view, 18> kUnsupported = {
    "azure_event_hubs",
    "azure_sd_configs",
    "cloudflare",
    "consul_sd_configs",
    "consulagent_sd_configs",
    "dns_sd_configs",
    "ec2_sd_configs",
    "gce_sd_configs",
    "gcplog",
    "heroku_drain",
    "kafka",
    "marathon_sd_configs",
    "nerve_sd_configs",
    "openstack_sd_configs",
    "serverset_sd_configs",
    "triton_sd_configs",
    "windows_events",
    "azure_event_hub",
};

TargetGroup read_target_group(const YAML::Node& node) {
    TargetGroup group;
    std::string source;  // as Prometheus's files may have it
    config::read_keys(node,
                      "a group of targets",
                      {{"targets", config::set(group.targets)},
                       {"labels", set_text_map(group.labels)},
                       {"source", config::set(source)}});
    return group;
}

FileSdConfig read_file_sd(const YAML::Node& node) {
    FileSdConfig sd;
    config::read_keys(node,
                      "a file_sd_config",
                      {{"files", config::set(sd.files)},
                       {"refresh_interval", config::set_duration(sd.refresh_interval)}});
    if (sd.files.empty()) {
        config::refuse(node, "a file_sd_config needs files");
    }
    for (const std::string& file : sd.files) {
        if (!file.ends_with(".json") && !file.ends_with(".yml") && !file.ends_with(".yaml")) {
            config::refuse(node, absl::StrCat("'", file, "' ends in none of .json, .yml, .yaml"));
        }
    }
    return sd;
}

DecompressionConfig read_decompression(const YAML::Node& node) {
    DecompressionConfig d;
    config::read_keys(node,
                      "decompression",
                      {{"enabled", config::set(d.enabled)},
                       {"initial_delay", config::set_duration(d.initial_delay)},
                       {"format", config::set(d.format)}});
    if (d.enabled && d.format != "gz" && d.format != "z" && d.format != "bz2" &&
        d.format != "zst") {
        config::refuse(node, "the format of a decompression is gz, z, bz2 or zst");
    }
    return d;
}

SystemdConfig read_systemd(const YAML::Node& node) {
    SystemdConfig c;
    std::string matches;
    if (!node.IsNull()) {
        config::read_keys(node,
                          "journal",
                          {{"path", config::set(c.path)},
                           {"json", config::set(c.json)},
                           {"max_age", config::set_duration(c.max_age)},
                           {"matches", config::set(matches)},
                           {"labels", set_text_map(c.labels)}});
    }
    c.matches = absl::StrSplit(matches, absl::ByAnyChar(" \t\n"), absl::SkipEmpty());
    for (const std::string& match : c.matches) {
        if (const std::size_t equals = match.find('=');
            equals == 0 || equals == std::string::npos) {
            config::refuse(node, absl::StrCat("'", match, "' in matches is no FIELD=value"));
        }
    }
    return c;
}

template <typename Item>
config::Setter list_of(std::vector<Item>& items,
                       const std::string& what,
                       Item (*read)(const YAML::Node&)) {
    return [&items, what, read](const YAML::Node& v) {
        if (!v.IsNull()) {
            config::read_list(
                v, what, [&](const YAML::Node& item) { items.push_back(read(item)); });
        }
    };
}

}  // namespace

std::vector<RelabelRule> read_relabel_rules(const YAML::Node& list) {
    std::vector<RelabelOptions> options;
    config::set_relabel(options)(list);
    std::vector<RelabelRule> rules;
    for (RelabelOptions& each : options) {
        rules.push_back(config::checked(list, RelabelRule::make(std::move(each))));
    }
    return rules;
}

std::vector<TargetGroup> read_target_groups(const YAML::Node& list) {
    std::vector<TargetGroup> groups;
    if (!list.IsNull()) {
        config::read_list(list, "groups of targets", [&](const YAML::Node& item) {
            groups.push_back(read_target_group(item));
        });
    }
    return groups;
}

ScrapeConfig read_scrape_config(const YAML::Node& node) {
    ScrapeConfig scrape;
    config::Setters setters = {
        {"job_name", config::set(scrape.job_name)},
        {"pipeline_stages",
         [&](const YAML::Node& v) {
             scrape.pipeline = read_pipeline(v);
         }},
        {"encoding", config::set(scrape.encoding)},
        {"decompression",
         [&](const YAML::Node& v) {
             scrape.decompression = read_decompression(v);
         }},
        {"relabel_configs",
         [&](const YAML::Node& v) {
             scrape.relabel = read_relabel_rules(v);
         }},
        {"static_configs",
         [&](const YAML::Node& v) {
             scrape.static_configs = read_target_groups(v);
         }},
        {"journal",
         [&](const YAML::Node& v) {
             scrape.journal = read_systemd(v);
         }},
        {"syslog",
         [&](const YAML::Node& v) {
             scrape.syslog = read_syslog(v);
         }},
        {"gelf",
         [&](const YAML::Node& v) {
             scrape.gelf = read_gelf(v);
         }},
        {"loki_push_api",
         [&](const YAML::Node& v) {
             scrape.push_api = read_push_api(v);
         }},
        {"file_sd_configs", list_of(scrape.file_sd_configs, "file_sd_configs", read_file_sd)},
        {"http_sd_configs", list_of(scrape.http_sd_configs, "http_sd_configs", read_http_sd)},
        {"docker_sd_configs",
         list_of(scrape.docker_sd_configs, "docker_sd_configs", read_docker_sd)},
        {"kubernetes_sd_configs",
         list_of(scrape.kubernetes_sd_configs, "kubernetes_sd_configs", read_kubernetes_sd)}};
    for (const std::string_view key : kUnsupported) {
        setters[std::string(key)] = [key](const YAML::Node& v) {
            config::refuse(v, absl::StrCat("'", std::string(key), "' is not supported"));
        };
    }
    config::read_keys(node, "a scrape config", setters);
    return scrape;
}

}  // namespace logi::agent
