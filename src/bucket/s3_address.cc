#include "bucket/s3_address.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "net/http.h"

#include <algorithm>

namespace logi::bucket {
namespace {

constexpr std::string_view kScheme = "s3://";

bool is_bucket_name(std::string_view name) {
    for (const char c : name) {
        if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '-' && c != '.' &&
            c != '_') {
            return false;
        }
    }
    return !name.empty();
}

// An endpoint may come without a scheme, as in Loki's configurations.
StatusOr<std::string> endpoint_of(const std::string& text) {
    std::string endpoint(absl::StripSuffix(text, "/"));
    if (!absl::StrContains(endpoint, "://")) {
        endpoint = absl::StrCat("https://", endpoint);
    }
    const bool known = endpoint.starts_with("http://") || endpoint.starts_with("https://");
    const std::string host = endpoint.substr(endpoint.find("://") + 3);
    if (!known || host.empty() || absl::StrContains(host, "/")) {
        return absl::InvalidArgumentError(
            absl::StrCat("endpoint ", text, " is not http(s)://HOST[:PORT]"));
    }
    return endpoint;
}

Status set_option(const std::string& name,
                  const std::string& value,
                  bool& path_style_given,
                  S3Address& address) {
    if (name == "endpoint") {
        LOGI_ASSIGN_OR_RETURN(address.endpoint, endpoint_of(value));
    } else if (name == "region" && !value.empty()) {
        address.region = value;
    } else if (name == "path_style" && (value == "true" || value == "false")) {
        address.path_style = value == "true";
        path_style_given = true;
    } else {
        return absl::InvalidArgumentError(
            absl::StrCat("the bucket's address has ",
                         name,
                         "=",
                         value,
                         "; it may have endpoint, region, and path_style true or false"));
    }
    return absl::OkStatus();
}

}  // namespace

std::string s3_escape(std::string_view text, bool path) {
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (absl::ascii_isalnum(byte) || c == '-' || c == '.' || c == '_' || c == '~' ||
            (path && c == '/')) {
            out.push_back(c);
        } else {
            absl::StrAppendFormat(&out, "%%%02X", byte);
        }
    }
    return out;
}

std::string S3Address::url_of(std::string_view key) const {
    const std::string path = s3_escape(key, true);
    const std::string base =
        endpoint.empty() ? absl::StrCat("https://s3.", region, ".amazonaws.com") : endpoint;
    if (path_style) {
        return absl::StrCat(base, "/", name, path.empty() ? "" : "/", path);
    }
    const std::size_t host = base.find("://") + 3;
    return absl::StrCat(base.substr(0, host), name, ".", base.substr(host), "/", path);
}

std::string S3Address::to_string() const {
    return absl::StrCat("s3://", name, prefix.empty() ? "" : "/", prefix);
}

StatusOr<S3Address> parse_s3_address(std::string_view text) {
    if (!text.starts_with(kScheme)) {
        return absl::InvalidArgumentError(
            absl::StrCat(std::string(text), " is not s3://NAME/PREFIX?endpoint=URL&region=REGION"));
    }
    S3Address address;
    const std::string_view rest = text.substr(kScheme.size());
    const std::string_view place = rest.substr(0, rest.find('?'));
    address.name = std::string(place.substr(0, place.find('/')));
    if (!is_bucket_name(address.name)) {
        return absl::InvalidArgumentError(
            absl::StrCat(std::string(text), " names no bucket: s3://NAME/PREFIX"));
    }
    const std::string_view path = place.substr(address.name.size());
    const std::size_t begin = std::min(path.find_first_not_of('/'), path.size());
    address.prefix = std::string(path.substr(begin, path.find_last_not_of('/') + 1 - begin));
    bool path_style_given = false;
    if (place.size() < rest.size()) {
        for (const auto& [name, value] : net::parse_form(rest.substr(place.size() + 1))) {
            LOGI_RETURN_IF_ERROR(set_option(name, value, path_style_given, address));
        }
    }
    // A name with a dot does not fit the certificate of *.s3.amazonaws.com.
    if (!path_style_given) {
        address.path_style = !address.endpoint.empty() || absl::StrContains(address.name, ".");
    }
    return address;
}

}  // namespace logi::bucket
