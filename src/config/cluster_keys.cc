// How processes that share a bucket call each other.
#include "config/sections.h"
#include "config/setters.h"

namespace logi::config {
namespace {

constexpr std::size_t kSecretBytesMin = 16;

Setter set_secret(std::string& target) {
    return [&target](const YAML::Node& v) {
        target = scalar<std::string>(v, "a text");
        if (!target.empty() && target.size() < kSecretBytesMin) {
            refuse(v, "a secret has at least 16 characters");
        }
    };
}

}  // namespace

Setter set_cluster(Cluster& cluster) {
    return [&cluster](const YAML::Node& node) {
        if (node.IsNull()) {
            return;
        }
        read_keys(node,
                  "cluster",
                  {{"listen_address", set(cluster.listen_address)},
                   {"listen_port", set(cluster.listen_port)},
                   {"advertise_address", set(cluster.advertise_address)},
                   {"secret", set_secret(cluster.secret)},
                   {"secret_file", set(cluster.secret_file)},
                   {"tls_config", set_tls(cluster.tls)},
                   {"tls_server_name", set(cluster.tls_server_name)}});
        if (!cluster.secret.empty() && !cluster.secret_file.empty()) {
            refuse(node, "give secret or secret_file, not both");
        }
        if (cluster.tls.has_value() && cluster.tls->client_ca_file.empty()) {
            refuse(node, "tls_config needs a client_ca_file: members show each other who they are");
        }
        if (cluster.tls.has_value()) {
            cluster.tls->client_auth = ClientAuth::kRequired;
        }
    };
}

}  // namespace logi::config
