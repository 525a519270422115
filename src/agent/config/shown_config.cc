#include "agent/config/agent_config.h"

#include <yaml-cpp/yaml.h>

#include <set>

namespace logi::agent {
namespace {

void hide_secrets(YAML::Node node) {
    static const std::set<std::string> kSecrets = {
        "password", "bearer_token", "credentials", "client_secret"};
    if (node.IsMap()) {
        for (auto item : node) {
            if (item.second.IsScalar() && kSecrets.contains(item.first.Scalar())) {
                item.second = "<secret>";
            } else if (item.first.Scalar() == "headers" && item.second.IsMap()) {
                for (auto header : item.second) {
                    header.second = "<secret>";
                }
            } else {
                hide_secrets(item.second);
            }
        }
    } else if (node.IsSequence()) {
        for (auto item : node) {
            hide_secrets(item);
        }
    }
}

}  // namespace

std::string shown_config(const AgentConfig& config) {
    YAML::Node root = YAML::Load(config.text);  // was read before
    hide_secrets(root);
    YAML::Emitter out;
    out << root;
    return std::string(out.c_str(), out.size()) + "\n";
}

}  // namespace logi::agent
