// The files of runtime_config.
#include "config/config.h"
#include "config/sections.h"

#include <algorithm>

namespace logi::config {
namespace {

void read_tenants(const YAML::Node& node, const Limits& defaults, Overrides& overrides) {
    if (node.IsNull()) {
        return;
    }
    if (!node.IsMap()) {
        refuse(node, "'overrides' must be a map from tenants to limits");
    }
    for (const auto& item : node) {
        const auto tenant = scalar<std::string>(item.first, "a tenant");
        Limits& limits = overrides.by_tenant.try_emplace(tenant, defaults).first->second;
        read_section(item.second, "overrides", limits_setters(limits), overrides.unused_keys);
    }
}

}  // namespace

Status load_overrides(const std::string& text,
                      const std::string& file_name,
                      const Limits& defaults,
                      Overrides& overrides) {
    const Status status = read_yaml(text, file_name, [&](const YAML::Node& root) {
        const Setters setters = {{"overrides", [&](const YAML::Node& node) {
                                      read_tenants(node, defaults, overrides);
                                  }}};
        std::vector<std::string> unused;
        read_section(root, "runtime", setters, unused);
        overrides.unused_keys.insert(overrides.unused_keys.end(), unused.begin(), unused.end());
    });
    auto& unused = overrides.unused_keys;
    std::sort(unused.begin(), unused.end());
    unused.erase(std::unique(unused.begin(), unused.end()), unused.end());
    return status;
}

}  // namespace logi::config
