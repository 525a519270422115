// The canary as a service: it watches until it is told to stop, and shows its metrics.
#pragma once

#include "base/status.h"
#include "canary/settings.h"

#include <functional>

namespace logi::canary {

// What is wrong with the settings, by the names of loki-canary's flags.
Status check(const Settings& settings);

// Watches, and serves /metrics, /suspend and /resume, until `wait` returns. kInvalidArgument for
// settings that are wrong, kUnavailable if the port cannot be had.
Status run(const Settings& settings, const std::function<void()>& wait);

}  // namespace logi::canary
