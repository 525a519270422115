#include "config/object_store.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "config/setters.h"

namespace logi::config {
namespace {

// Beside what Loki may have put into the same bucket.
constexpr const char* kPrefix = "logi";

void read_s3(const YAML::Node& node,
             const std::string& section,
             LokiS3& s3,
             std::vector<std::string>& unused_keys) {
    s3.given = !node.IsNull();
    s3.line = node.Mark().line + 1;
    const auto read_http = [&](const YAML::Node& http) {
        read_section(http,
                     section + ".http_config",
                     {{"insecure_skip_verify", set(s3.keys.insecure_skip_verify)},
                      {"ca_file", set(s3.keys.ca_file)}},
                     unused_keys);
    };
    read_section(node,
                 section,
                 {{"s3", set(s3.url)},
                  {"bucketnames", set(s3.bucket_names)},
                  {"endpoint", set(s3.endpoint)},
                  {"region", set(s3.region)},
                  {"s3forcepathstyle", set(s3.path_style)},
                  {"insecure", set(s3.plain_http)},
                  {"access_key_id", set(s3.keys.access_key_id)},
                  {"secret_access_key", set(s3.keys.secret_access_key)},
                  {"session_token", set(s3.keys.session_token)},
                  {"http_config", read_http}},
                 unused_keys);
}

[[noreturn]] void refuse_s3(const LokiS3& s3, const std::string& why) {
    throw BadConfig{s3.line, why};
}

// s3://KEY:SECRET@REGION_OR_ENDPOINT/BUCKET into its parts.
void split_url(LokiS3& s3) {
    constexpr std::string_view kScheme = "s3://";
    if (!s3.url.starts_with(kScheme)) {
        refuse_s3(s3, "s3: expected s3://KEY:SECRET@REGION/BUCKET");
    }
    std::string rest = s3.url.substr(kScheme.size());
    if (const std::size_t at = rest.rfind('@'); at != std::string::npos) {
        const std::string user = rest.substr(0, at);
        rest = rest.substr(at + 1);
        const std::size_t colon = user.find(':');
        if (colon == std::string::npos) {
            refuse_s3(s3, "s3: expected s3://KEY:SECRET@REGION/BUCKET");
        }
        s3.keys.access_key_id = user.substr(0, colon);
        s3.keys.secret_access_key = user.substr(colon + 1);
    }
    const std::size_t slash = rest.find('/');
    const std::string host = rest.substr(0, slash);
    std::string& place =
        absl::StrContains(host, ".") || absl::StrContains(host, ":") ? s3.endpoint : s3.region;
    if (place.empty()) {
        place = host;
    }
    if (s3.bucket_names.empty() && slash != std::string::npos) {
        s3.bucket_names = rest.substr(slash + 1);
    }
}

std::string address_of(const LokiS3& s3) {
    if (s3.bucket_names.empty() || absl::StrContains(s3.bucket_names, ",") ||
        absl::StrContains(s3.bucket_names, "/")) {
        refuse_s3(s3, "bucketnames: expected the name of one bucket");
    }
    std::string address = absl::StrCat("s3://", s3.bucket_names, "/", kPrefix);
    char separator = '?';
    const auto add = [&](const char* name, const std::string& value) {
        absl::StrAppend(&address, std::string(1, separator), name, "=", value);
        separator = '&';
    };
    if (!s3.endpoint.empty()) {
        const bool has_scheme = absl::StrContains(s3.endpoint, "://");
        add("endpoint",
            has_scheme ? s3.endpoint
                       : absl::StrCat(s3.plain_http ? "http://" : "https://", s3.endpoint));
    }
    if (!s3.region.empty()) {
        add("region", s3.region);
    }
    if (s3.path_style || !s3.endpoint.empty()) {
        add("path_style", s3.path_style ? "true" : "false");
    }
    return address;
}

}  // namespace

void LokiStorage::apply(ObjectStore& out) const {
    LokiS3 s3 = aws.given ? aws : common;
    const bool wanted =
        object_store.empty() ? common.given : object_store == "s3" || object_store == "aws";
    if (!out.address.empty() || !s3.given || !wanted) {
        return;
    }
    if (!s3.url.empty()) {
        split_url(s3);
    }
    out = s3.keys;
    out.address = address_of(s3);
}

Setter set_common_storage(LokiStorage& storage, std::vector<std::string>& unused_keys) {
    return [&](const YAML::Node& node) {
        const auto read = [&](const YAML::Node& s3) {
            read_s3(s3, "common.storage.s3", storage.common, unused_keys);
        };
        read_section(node, "common.storage", {{"s3", read}}, unused_keys);
    };
}

Setter set_storage_config(LokiStorage& storage, std::vector<std::string>& unused_keys) {
    return [&](const YAML::Node& node) {
        const auto read = [&](const YAML::Node& s3) {
            read_s3(s3, "storage_config.aws", storage.aws, unused_keys);
        };
        read_section(node, "storage_config", {{"aws", read}}, unused_keys);
    };
}

Setter set_schema_config(LokiStorage& storage, std::vector<std::string>& unused_keys) {
    return [&](const YAML::Node& node) {
        const auto read = [&](const YAML::Node& configs) {
            for (const auto& period : configs) {
                if (period.IsMap() && period["object_store"]) {
                    storage.object_store =
                        scalar<std::string>(period["object_store"], "the name of a store");
                }
            }
        };
        read_section(node, "schema_config", {{"configs", read}}, unused_keys);
    };
}

}  // namespace logi::config
