#include "agent/client/http_auth.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

#include <fstream>

namespace logi::agent {

StatusOr<std::string> first_line_of(const std::string& path) {
    std::ifstream in(path);
    std::string line;
    if (!std::getline(in, line)) {
        return absl::UnavailableError(path + ": cannot be read");
    }
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) {
        line.pop_back();
    }
    return line;
}

Status add_authorization(const HttpAuth& auth, std::vector<net::Header>& headers) {
    if (!auth.user.empty()) {
        std::string password = auth.password;
        if (!auth.password_file.empty()) {
            LOGI_ASSIGN_OR_RETURN(password, first_line_of(auth.password_file));
        }
        headers.emplace_back("Authorization",
                             "Basic " + absl::Base64Escape(absl::StrCat(auth.user, ":", password)));
    }
    std::string token = auth.token;
    if (!auth.token_file.empty()) {
        LOGI_ASSIGN_OR_RETURN(token, first_line_of(auth.token_file));
    }
    if (!token.empty()) {
        headers.emplace_back("Authorization", auth.authorization_type + " " + token);
    }
    return absl::OkStatus();
}

net::ClientTls tls_of(const TlsConfig& config) {
    return {.ca_file = config.ca_file,
            .cert_file = config.cert_file,
            .key_file = config.key_file,
            .server_name = config.server_name,
            .skip_verify = config.insecure_skip_verify};
}

}  // namespace logi::agent
