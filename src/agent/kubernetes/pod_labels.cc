#include "agent/kubernetes/pod_labels.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "agent/discovery/json_members.h"

namespace logi::agent {
namespace {

using jmespath::Value;

const std::string kPodPrefix = "__meta_kubernetes_pod_";

void add_texts(const Value& metadata,
               const std::string& member,
               const std::string& kind,
               TextMap& labels) {
    const jmespath::Object* object =
        metadata.member(member) == nullptr ? nullptr : metadata.member(member)->object();
    if (object == nullptr) {
        return;
    }
    for (const auto& [name, value] : *object) {
        if (value.text() != nullptr) {
            const std::string as_name = as_label_name(name);
            labels[absl::StrCat(kPodPrefix, kind, "_", as_name)] = *value.text();
            labels[absl::StrCat(kPodPrefix, kind, "present_", as_name)] = "true";
        }
    }
}

const Value* find_by(const Value& list_owner,
                     const std::string& list,
                     const std::string& key,
                     const std::string& wanted) {
    for (const Value& item : items_of(list_owner, list)) {
        if (text_of(item, key) == wanted) {
            return &item;
        }
    }
    return nullptr;
}

TextMap labels_of_pod(const Value& metadata, const Value& spec, const Value& status) {
    const Value* ready = find_by(status, "conditions", "type", "Ready");
    TextMap labels = {
        {"__meta_kubernetes_namespace", text_of(metadata, "namespace")},
        {kPodPrefix + "name", text_of(metadata, "name")},
        {kPodPrefix + "uid", text_of(metadata, "uid")},
        {kPodPrefix + "ip", text_of(status, "podIP")},
        {kPodPrefix + "host_ip", text_of(status, "hostIP")},
        {kPodPrefix + "phase", text_of(status, "phase")},
        {kPodPrefix + "node_name", text_of(spec, "nodeName")},
        {kPodPrefix + "ready",
         ready == nullptr ? "unknown" : absl::AsciiStrToLower(text_of(*ready, "status"))}};
    for (const Value& owner : items_of(metadata, "ownerReferences")) {
        if (const Value* controls = owner.member("controller");
            controls != nullptr && controls->truth()) {
            labels[kPodPrefix + "controller_kind"] = text_of(owner, "kind");
            labels[kPodPrefix + "controller_name"] = text_of(owner, "name");
            break;
        }
    }
    add_texts(metadata, "labels", "label", labels);
    add_texts(metadata, "annotations", "annotation", labels);
    return labels;
}

void add_container(const Value& container,
                   const Value& status,
                   bool is_init,
                   const TextMap& of_pod,
                   std::vector<TargetGroup>& groups) {
    TextMap labels = of_pod;
    const std::string name = text_of(container, "name");
    labels[kPodPrefix + "container_name"] = name;
    labels[kPodPrefix + "container_image"] = text_of(container, "image");
    labels[kPodPrefix + "container_init"] = is_init ? "true" : "false";
    const Value* state =
        find_by(status, is_init ? "initContainerStatuses" : "containerStatuses", "name", name);
    labels[kPodPrefix + "container_id"] = state == nullptr ? "" : text_of(*state, "containerID");
    const std::string ip = text_of(status, "podIP");
    const std::string host = ip.find(':') == std::string::npos ? ip : absl::StrCat("[", ip, "]");
    bool has_port = false;
    for (const Value& port : items_of(container, "ports")) {
        const std::string number = number_of(port, "containerPort");
        TextMap with_port = labels;
        with_port[kPodPrefix + "container_port_name"] = text_of(port, "name");
        with_port[kPodPrefix + "container_port_number"] = number;
        with_port[kPodPrefix + "container_port_protocol"] = text_of(port, "protocol");
        groups.push_back({{absl::StrCat(host, ":", number)}, std::move(with_port)});
        has_port = true;
    }
    if (!has_port) {
        groups.push_back({{host}, std::move(labels)});
    }
}

}  // namespace

std::vector<TargetGroup> pod_targets(const Value& pod) {
    static const Value kNothing;
    const auto part = [&pod](const std::string& name) -> const Value& {
        const Value* member = pod.member(name);
        return member == nullptr ? kNothing : *member;
    };
    const Value& spec = part("spec");
    const Value& status = part("status");
    std::vector<TargetGroup> groups;
    if (text_of(status, "podIP").empty()) {
        return groups;
    }
    const TextMap labels = labels_of_pod(part("metadata"), spec, status);
    for (const bool is_init : {false, true}) {
        for (const Value& container : items_of(spec, is_init ? "initContainers" : "containers")) {
            add_container(container, status, is_init, labels, groups);
        }
    }
    return groups;
}

}  // namespace logi::agent
