#include "net/authorization.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

#include <fstream>

namespace logi::net {

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

Status add_authorization(const Authorization& who, std::vector<Header>& headers) {
    if (!who.user.empty()) {
        std::string password = who.password;
        if (!who.password_file.empty()) {
            LOGI_ASSIGN_OR_RETURN(password, first_line_of(who.password_file));
        }
        headers.emplace_back("Authorization",
                             "Basic " + absl::Base64Escape(absl::StrCat(who.user, ":", password)));
    }
    std::string token = who.token;
    if (!who.token_file.empty()) {
        LOGI_ASSIGN_OR_RETURN(token, first_line_of(who.token_file));
    }
    if (!token.empty()) {
        headers.emplace_back("Authorization", who.authorization_type + " " + token);
    }
    return absl::OkStatus();
}

}  // namespace logi::net
