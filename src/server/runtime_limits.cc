#include "server/runtime_limits.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/log.h"
#include "io/read_file.h"

namespace logi::server {
StatusOr<config::Overrides> read_overrides(io::FileSystem& files, const config::Config& config) {
    config::Overrides overrides;
    const std::vector<std::string> paths =
        absl::StrSplit(config.runtime_files, ',', absl::SkipWhitespace());
    for (const std::string& path : paths) {
        const auto text = io::read_file(files, path);
        if (!text.ok()) {
            return absl::NotFoundError(
                absl::StrCat(path, ": cannot be read: ", std::string(text.status().message())));
        }
        LOGI_RETURN_IF_ERROR(config::load_overrides(*text, path, config.limits, overrides));
    }
    return overrides;
}

RuntimeLimits::RuntimeLimits(const Deps& deps, const config::Config& config)
    : deps_(deps),
      config_(config),
      last_ok_(deps.metrics.gauge("loki_runtime_config_last_reload_successful",
                                  "Whether the limits of tenants are as their files say.")),
      failures_(deps.metrics.counter("logi_runtime_config_failures_total",
                                     "Attempts to read the limits of tenants that failed.")) {
    last_ok_.set(1);
}

Status RuntimeLimits::load() {
    LOGI_ASSIGN_OR_RETURN(auto overrides, read_overrides(deps_.files, config_));
    return deps_.limits.set(std::move(overrides.by_tenant));
}

void RuntimeLimits::start() {
    if (config_.runtime_files.empty() || config_.runtime_period.ns <= 0) {
        return;
    }
    deps_.executor.post_after(config_.runtime_period, [this] {
        deps_.executor.post([this] {
            reload();
            start();
        });
    });
}

void RuntimeLimits::reload() {
    const Status status = load();
    last_ok_.set(status.ok() ? 1 : 0);
    const std::string error(status.message());
    if (!status.ok()) {
        failures_.add();
    }
    if (error != last_error_) {
        if (status.ok()) {
            base::log_info("limits of tenants are as their files say again");
        } else {
            base::log_error("limits of tenants stay as they are: their files are wrong",
                            {{"error", error}});
        }
        last_error_ = error;
    }
}

}  // namespace logi::server
