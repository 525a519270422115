// TLS of a server.
#include "config/sections.h"

#include <algorithm>
#include <array>

namespace logi::config {
namespace {

Setter set_file(std::string& target) {
    return [&target](const YAML::Node& v) {
        target = scalar<std::string>(v, "the name of a file");
    };
}

Setter no_text() {
    return [](const YAML::Node& v) {
        if (!v.IsNull() && !scalar<std::string>(v, "nothing").empty()) {
            refuse(v, "certificates and keys are in files: cert_file, key_file, client_ca_file");
        }
    };
}

// Go's names. Those under which nobody vouches for what a client shows are not there.
Setter set_client_auth(std::optional<ClientAuth>& target) {
    return [&target](const YAML::Node& v) {
        constexpr std::array<std::pair<const char*, ClientAuth>, 3> kTypes = {
            {{"NoClientCert", ClientAuth::kNone},
             {"VerifyClientCertIfGiven", ClientAuth::kIfGiven},
             {"RequireAndVerifyClientCert", ClientAuth::kRequired}}};
        const auto name = scalar<std::string>(v, "a type of client authentication");
        if (name.empty()) {
            return;
        }
        const auto* it = std::find_if(
            kTypes.begin(), kTypes.end(), [&name](const auto& type) { return name == type.first; });
        if (it == kTypes.end()) {
            refuse(v,
                   "expected NoClientCert, VerifyClientCertIfGiven or RequireAndVerifyClientCert");
        }
        target = it->second;
    };
}

}  // namespace

Setter set_tls(std::optional<ServerTls>& target) {
    return [&target](const YAML::Node& node) {
        if (node.IsNull()) {
            return;
        }
        ServerTls tls;
        std::optional<ClientAuth> clients;
        read_keys(node,
                  "TLS",
                  {{"cert_file", set_file(tls.cert_file)},
                   {"key_file", set_file(tls.key_file)},
                   {"client_ca_file", set_file(tls.client_ca_file)},
                   {"client_auth_type", set_client_auth(clients)},
                   {"cert", no_text()},
                   {"key", no_text()},
                   {"client_ca", no_text()}});
        if (tls == ServerTls() && !clients.has_value()) {
            return;
        }
        if (target.has_value()) {
            refuse(node, "TLS is given twice: 'tls' and 'http_tls_config' are the same");
        }
        if (tls.cert_file.empty() || tls.key_file.empty()) {
            refuse(node, "TLS needs a cert_file and a key_file");
        }
        const bool has_ca = !tls.client_ca_file.empty();
        tls.client_auth = clients.value_or(has_ca ? ClientAuth::kIfGiven : ClientAuth::kNone);
        if (has_ca != (tls.client_auth != ClientAuth::kNone)) {
            refuse(node, "client_auth_type needs a client_ca_file, which has no other use");
        }
        target = std::move(tls);
    };
}

Setter set_tls_min_version(bool& only_tls13) {
    return [&only_tls13](const YAML::Node& v) {
        const auto name = scalar<std::string>(v, "a version of TLS");
        if (!name.empty() && name != "VersionTLS12" && name != "VersionTLS13") {
            refuse(v, "expected VersionTLS12 or VersionTLS13");
        }
        only_tls13 = name == "VersionTLS13";
    };
}

const char* name_of(ClientAuth auth) {
    switch (auth) {
        case ClientAuth::kIfGiven:
            return "VerifyClientCertIfGiven";
        case ClientAuth::kRequired:
            return "RequireAndVerifyClientCert";
        default:
            return "NoClientCert";
    }
}

}  // namespace logi::config
