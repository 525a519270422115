// How sections of YAML are read: a setter for each key. For .cc files that read YAML.
#pragma once

#include "base/status.h"
#include "config/config.h"
#include "model/limits.h"

#include <yaml-cpp/yaml.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace logi::config {

struct BadConfig {
    int line;
    std::string message;
};

[[noreturn]] inline void refuse(const YAML::Node& at, std::string message) {
    throw BadConfig{at.Mark().line + 1, std::move(message)};
}

template <typename T>
T scalar(const YAML::Node& value, const char* what) {
    try {
        return value.as<T>();
    } catch (const YAML::Exception&) {
        refuse(value, std::string("expected ") + what);
    }
}

template <typename T>
T checked(const YAML::Node& value, StatusOr<T> parsed) {
    if (!parsed.ok()) {
        refuse(value, std::string(parsed.status().message()));
    }
    return *parsed;
}

using Setter = std::function<void(const YAML::Node&)>;
using Setters = std::map<std::string, Setter>;

// They refer to what is set.
Setters limits_setters(Limits& limits);
// Rules are checked.
Setter set_relabel(std::vector<RelabelOptions>& rules);
Setter set_otlp(OtlpConfig& otlp);
Setter set_blocked_queries(std::vector<BlockedQuery>& rules);
Setter set_tls(std::optional<ServerTls>& target);
Setter set_cluster(Cluster& cluster);
Setter set_tls_min_version(bool& only_tls13);

// As Go names it.
const char* name_of(ClientAuth auth);

// A setter "key.inner" is of a key of the map that `key` is. Keys without a setter that
// loki_keys(section) has are added to `unused_keys`. Throws BadConfig.
void read_section(const YAML::Node& node,
                  const std::string& section,
                  const Setters& setters,
                  std::vector<std::string>& unused_keys);

// Of a map whose keys are all known here: any other, or one that is given twice, is refused, as it
// may be one mistyped that matters. `what` says whose keys they are. Throws BadConfig.
void read_keys(const YAML::Node& node, const std::string& what, const Setters& setters);

// Reads each item of a list, which is of things like `item`. Throws BadConfig.
void read_list(const YAML::Node& node,
               const std::string& item,
               const std::function<void(const YAML::Node&)>& read);

// What `read` throws as a status that names file and line.
Status read_yaml(const std::string& text,
                 const std::string& file_name,
                 const std::function<void(const YAML::Node& root)>& read);

}  // namespace logi::config
