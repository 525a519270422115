#include "agent/docker/docker_labels.h"

#include "absl/strings/str_cat.h"
#include "agent/discovery/json_members.h"

#include <algorithm>

namespace logi::agent {
namespace {

const std::string kDockerPrefix = "__meta_docker_";

// Of the object's member of that name; null if there is no such object.
const jmespath::Object* object_of(const jmespath::Value& value, const std::string& name) {
    const jmespath::Value* member = value.member(name);
    return member == nullptr ? nullptr : member->object();
}

void add_labels(const jmespath::Value& value, const std::string& prefix, TextMap& labels) {
    const jmespath::Object* object = object_of(value, "Labels");
    if (object == nullptr) {
        return;
    }
    for (const auto& [name, text] : *object) {
        if (text.text() != nullptr) {
            labels[prefix + as_label_name(name)] = *text.text();
        }
    }
}

std::string flag(const jmespath::Value& value, const std::string& name) {
    const jmespath::Value* member = value.member(name);
    return member != nullptr && member->truth() ? "true" : "false";
}

// Adds the labels of the port; returns its number, "" if there is none.
std::string add_port(const jmespath::Value& container, TextMap& labels) {
    for (const jmespath::Value& port : items_of(container, "Ports")) {
        if (text_of(port, "Type") != "tcp") {
            continue;
        }
        labels[kDockerPrefix + "port_private"] = number_of(port, "PrivatePort");
        if (const std::string open = number_of(port, "PublicPort"); !open.empty()) {
            labels[kDockerPrefix + "port_public"] = open;
            labels[kDockerPrefix + "port_public_ip"] = text_of(port, "IP");
        }
        return number_of(port, "PrivatePort");
    }
    return "";
}

}  // namespace

TextMap docker_network_labels(const jmespath::Value& network) {
    const std::string prefix = kDockerPrefix + "network_";
    TextMap labels = {{prefix + "id", text_of(network, "Id")},
                      {prefix + "name", text_of(network, "Name")},
                      {prefix + "scope", text_of(network, "Scope")},
                      {prefix + "internal", flag(network, "Internal")},
                      {prefix + "ingress", flag(network, "Ingress")}};
    add_labels(network, prefix + "label_", labels);
    return labels;
}

TextMap docker_container_labels(const jmespath::Value& container,
                                const std::map<std::string, TextMap>& networks,
                                const DockerSdConfig& config) {
    TextMap labels = {{kDockerPrefix + "container_id", text_of(container, "Id")}};
    const jmespath::Array& names = items_of(container, "Names");
    if (!names.empty() && names.front().text() != nullptr) {
        labels[kDockerPrefix + "container_name"] = *names.front().text();
    }
    const jmespath::Value* host = container.member("HostConfig");
    const std::string mode = host == nullptr ? "" : text_of(*host, "NetworkMode");
    labels[kDockerPrefix + "container_network_mode"] = mode;
    add_labels(container, kDockerPrefix + "container_label_", labels);
    const jmespath::Value* settings = container.member("NetworkSettings");
    const jmespath::Object* attached =
        settings == nullptr ? nullptr : object_of(*settings, "Networks");
    if (attached == nullptr || attached->empty()) {
        return labels;
    }
    const auto first =
        std::min_element(attached->begin(), attached->end(), [](const auto& a, const auto& b) {
            return a.first < b.first;
        });
    if (const auto known = networks.find(text_of(first->second, "NetworkID"));
        known != networks.end()) {
        labels.insert(known->second.begin(), known->second.end());
    }
    const std::string ip = text_of(first->second, "IPAddress");
    labels[kDockerPrefix + "network_ip"] = ip;
    const std::string port = add_port(container, labels);
    if (!port.empty()) {
        labels["__address__"] = absl::StrCat(ip, ":", port);
    } else {
        labels["__address__"] =
            mode == "host" ? config.host_networking_host : absl::StrCat(ip, ":", config.port);
    }
    return labels;
}

}  // namespace logi::agent
