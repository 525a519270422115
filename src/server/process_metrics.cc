#include "server/process_metrics.h"

#include "api/version.h"
#include "base/log.h"
#include "config/config.h"

#include <array>

namespace logi::server {
namespace {

void tell_of_log(base::Scrape& scrape) {
    using base::LogLevel;
    constexpr std::array<LogLevel, 4> kLevels = {
        LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarn, LogLevel::kError};
    for (const LogLevel level : kLevels) {
        // The older name is the one that older dashboards know.
        for (const char* name : {"loki_internal_log_messages_total", "loki_log_messages_total"}) {
            scrape.counter(name,
                           "Lines of the server's own log.",
                           {{"level", std::string(base::log_level_name(level))}},
                           static_cast<double>(base::log_messages(level)));
        }
    }
}

// Of tenants only what is not as by default, and of those that metrics do not name nothing: limits
// of several cannot be added up.
void tell_of_limits(base::Scrape& scrape,
                    base::Registry& metrics,
                    const ingest::TenantLimits& limits) {
    const auto defaults = config::numeric_limits(limits.defaults().limits);
    for (const auto& [name, value] : defaults) {
        scrape.gauge(
            "loki_overrides_defaults", "Limits of tenants.", {{"limit_name", name}}, value);
    }
    for (const auto& tenant : limits.with_own()) {
        if (metrics.tenant_label(tenant) != tenant) {
            continue;
        }
        for (const auto& [name, value] : config::numeric_limits(limits.of(tenant)->limits)) {
            if (value != defaults.at(name)) {
                scrape.gauge("loki_overrides",
                             "Limits of single tenants.",
                             {{"limit_name", name}, {"user", tenant}},
                             value);
            }
        }
    }
}

}  // namespace

std::shared_ptr<const void> tell_of_process(base::Registry& metrics,
                                            const net::HttpServer& http,
                                            const ingest::TenantLimits& limits) {
    metrics
        .gauge("loki_build_info",
               "The Loki whose API is spoken.",
               {{"version", api::kLokiVersion},
                {"revision", "logi"},
                {"branch", "logi"},
                {"goversion", ""}})
        .set(1);
    static_cast<void>(metrics.counter("loki_panic_total", "Requests that broke the server."));
    metrics.gauge("loki_distributor_replication_factor", "How many copies of each entry are kept.")
        .set(1);
    return metrics.on_render([&](base::Scrape& scrape) {
        tell_of_log(scrape);
        scrape.gauge("loki_tcp_connections",
                     "Open connections.",
                     {{"protocol", "http"}},
                     static_cast<double>(http.connections()));
        tell_of_limits(scrape, metrics, limits);
    });
}

}  // namespace logi::server
