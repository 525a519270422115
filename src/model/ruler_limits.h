// Limits of a tenant's rules, and where its alerts and recorded series go.
#pragma once

#include "base/time.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace logi {

// A rule of Prometheus that rewrites labels, as it is written.
struct RelabelOptions {
    std::vector<std::string> source_labels = {};
    std::string separator = ";";
    std::string regex = "(.*)";
    std::uint64_t modulus = 0;
    std::string target_label = {};
    std::string replacement = "$1";
    std::string action = "replace";  // in any case

    friend bool operator==(const RelabelOptions&, const RelabelOptions&) = default;
};

// How a server is talked to, and who asks.
struct OutgoingHttp {
    std::string user;
    std::string password;
    std::string password_file;
    std::string authorization_type = "Bearer";
    std::string token;
    std::string token_file;
    std::string ca_file;
    std::string cert_file;
    std::string key_file;
    std::string server_name;
    bool insecure_skip_verify = false;
    std::map<std::string, std::string> headers;

    friend bool operator==(const OutgoingHttp&, const OutgoingHttp&) = default;
};

// Where alerts go.
struct AlertmanagerConfig {
    std::vector<std::string> urls;  // each gets all alerts; none: nobody does
    OutgoingHttp http;
    std::int64_t queue_capacity = 10'000;  // alerts that wait
    Duration timeout = Duration::seconds(10);
    std::vector<RelabelOptions> relabel;
    std::map<std::string, std::string> external_labels;

    friend bool operator==(const AlertmanagerConfig&, const AlertmanagerConfig&) = default;
};

// Where recorded series go: Prometheus' remote write, version 1.
struct RemoteWriteClient {
    std::string url;
    OutgoingHttp http;
    Duration timeout = Duration::seconds(30);
    std::vector<RelabelOptions> relabel;
    std::int64_t samples_per_send_max = 2000;
    Duration backoff_min = Duration::millis(30);
    Duration backoff_max = Duration::seconds(5);
    bool retry_on_429 = true;

    friend bool operator==(const RemoteWriteClient&, const RemoteWriteClient&) = default;
};

// What a tenant has otherwise than the `ruler` section; nothing: the same.
struct RulerLimits {
    std::int64_t rules_per_group_max = 0;  // 0: no limit
    std::int64_t groups_max = 0;           // the same
    std::optional<AlertmanagerConfig> alertmanager;
    bool remote_write_disabled = false;
    // By the ids of clients; those of the section that have another id stay.
    std::map<std::string, RemoteWriteClient> remote_write;
};

}  // namespace logi
