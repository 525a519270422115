#include "agent/kubernetes/kubernetes_discovery.h"

#include "absl/strings/str_cat.h"
#include "agent/discovery/json_members.h"
#include "agent/kubernetes/pod_labels.h"
#include "agent/kubernetes/pod_watch.h"

#include <cstdlib>
#include <fstream>
#include <map>
#include <utility>

namespace logi::agent {
namespace {

// Where a pod finds who it is.
const std::string kAccount = "/var/run/secrets/kubernetes.io/serviceaccount/";

std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

// Names the server of the cluster that the agent runs in.
Status find_cluster(KubernetesSdConfig& config) {
    const std::string host = environment("KUBERNETES_SERVICE_HOST");
    const std::string port = environment("KUBERNETES_SERVICE_PORT");
    if (host.empty() || port.empty()) {
        return absl::NotFoundError(
            "kubernetes_sd_configs without api_server: the agent runs in no cluster, as "
            "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set");
    }
    const bool is_v6 = host.find(':') != std::string::npos;
    config.api_server =
        absl::StrCat("https://", is_v6 ? "[" : "", host, is_v6 ? "]" : "", ":", port);
    config.client.auth.token_file = kAccount + "token";
    config.client.tls.ca_file = kAccount + "ca.crt";
    return absl::OkStatus();
}

StatusOr<std::vector<std::string>> namespaces_of(const KubernetesSdConfig& config) {
    std::vector<std::string> names = config.namespaces;
    if (config.own_namespace) {
        std::ifstream in(kAccount + "namespace");
        std::string name;
        if (!std::getline(in, name)) {
            return absl::NotFoundError(kAccount + "namespace: cannot be read");
        }
        names.push_back(std::move(name));
    }
    return names;
}

std::string selection(const KubernetesSdConfig& config) {
    std::string query;
    for (const auto& [name, value] : {std::pair("labelSelector", config.label_selector),
                                      std::pair("fieldSelector", config.field_selector)}) {
        if (!value.empty()) {
            absl::StrAppend(&query, query.empty() ? "" : "&", name, "=", net::url_encode(value));
        }
    }
    return query;
}

std::string key_of(const jmespath::Value& pod) {
    const jmespath::Value* metadata = pod.member("metadata");
    return metadata == nullptr
               ? ""
               : absl::StrCat(text_of(*metadata, "namespace"), "/", text_of(*metadata, "name"));
}

class KubernetesDiscovery final : public Discovery {
  public:
    KubernetesDiscovery(const HttpDeps& deps,
                        KubernetesSdConfig config,
                        const std::vector<std::string>& namespaces)
        : deps_(deps), config_(std::move(config)) {
        const std::string api = config_.api_server + "/api/v1/";
        if (namespaces.empty()) {
            add_watch(api + "pods");
        }
        for (const std::string& name : namespaces) {
            add_watch(absl::StrCat(api, "namespaces/", name, "/pods"));
        }
    }
    void start(std::function<void()> on_change) override {
        on_change_ = std::move(on_change);
        for (const auto& part : parts_) {
            part->watch->start();
        }
    }
    void stop() override {
        for (const auto& part : parts_) {
            part->watch->stop();
        }
    }
    [[nodiscard]] const std::vector<TargetGroup>& groups() const override { return groups_; }

  private:
    // What one watch knows: the targets of pods, by namespace and name.
    struct Part {
        std::map<std::string, std::vector<TargetGroup>> pods;
        std::unique_ptr<PodWatch> watch;
    };

    void add_watch(const std::string& url) {
        parts_.push_back(std::make_unique<Part>());
        Part& part = *parts_.back();
        part.watch = std::make_unique<PodWatch>(
            deps_,
            config_.client,
            url,
            selection(config_),
            PodWatch::Events{[this, &part](const std::vector<jmespath::Value>& pods) {
                                 part.pods.clear();
                                 for (const jmespath::Value& pod : pods) {
                                     part.pods[key_of(pod)] = pod_targets(pod);
                                 }
                                 changed();
                             },
                             [this, &part](const jmespath::Value& pod) {
                                 std::vector<TargetGroup>& known = part.pods[key_of(pod)];
                                 std::vector<TargetGroup> now = pod_targets(pod);
                                 if (known != now) {
                                     known = std::move(now);
                                     changed();
                                 }
                             },
                             [this, &part](const jmespath::Value& pod) {
                                 if (part.pods.erase(key_of(pod)) > 0) {
                                     changed();
                                 }
                             }});
    }

    // Soon, so that many changes at once are one.
    void changed() {
        if (std::exchange(changing_, true)) {
            return;
        }
        deps_.strand.post([this] {
            changing_ = false;
            groups_.clear();
            for (const auto& part : parts_) {
                for (const auto& [name, targets] : part->pods) {
                    groups_.insert(groups_.end(), targets.begin(), targets.end());
                }
            }
            on_change_();
        });
    }

    const HttpDeps deps_;
    const KubernetesSdConfig config_;
    std::vector<std::unique_ptr<Part>> parts_;
    std::vector<TargetGroup> groups_;
    std::function<void()> on_change_;
    bool changing_ = false;
};

}  // namespace

StatusOr<std::unique_ptr<Discovery>> discover_pods(const HttpDeps& deps,
                                                   const KubernetesSdConfig& config) {
    KubernetesSdConfig found = config;
    if (found.api_server.empty()) {
        LOGI_RETURN_IF_ERROR(find_cluster(found));
    }
    LOGI_ASSIGN_OR_RETURN(const auto namespaces, namespaces_of(found));
    return std::make_unique<KubernetesDiscovery>(deps, std::move(found), namespaces);
}

}  // namespace logi::agent
