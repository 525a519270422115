// Any text is safe as configuration and as limits of tenants, with and without variables; what is
// read comes back the same from what is printed of it.
#include "config/config.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

namespace config = logi::config;

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

void check_config(const std::string& text) {
    const auto read = config::load(text, "fuzz.yaml");
    if (!read.ok()) {
        require(!read.status().message().empty());
        return;
    }
    const std::string printed = config::to_yaml(*read);
    const auto again = config::load(printed, "printed.yaml");
    require(again.ok());
    require(again->unused_keys.empty());
    require(config::to_yaml(*again) == printed);
    require(config::load(config::diff_to_yaml(*read), "diff.yaml").ok());
}

void check_overrides(const std::string& text) {
    config::Overrides overrides;
    const logi::Limits defaults;
    if (!config::load_overrides(text, "fuzz.yaml", defaults, overrides).ok()) {
        return;
    }
    for (const auto& [tenant, limits] : overrides.by_tenant) {
        require(config::limits_to_yaml(limits, {"max_line_size"}).starts_with("max_line_size: "));
    }
}

void check_values(const std::string& text) {
    if (const auto duration = config::parse_duration(text); duration.ok()) {
        require(config::parse_duration(config::format_duration(*duration)).ok());
    }
    (void)config::parse_size(text);
    (void)config::parse_time(text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    check_values(text);
    check_config(text);
    check_overrides(text);
    const auto expanded = config::expand(
        text, "fuzz.yaml", [](const std::string& name) -> std::optional<std::string> {
            return name.size() % 2 == 0 ? std::nullopt : std::optional(name);
        });
    if (expanded.ok()) {
        check_config(*expanded);
    }
    return 0;
}
