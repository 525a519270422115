// What a process tells systemd of itself, where a unit has Type=notify (sd_notify(3)).
#pragma once

namespace logi::io {

inline constexpr const char* kServiceReady = "READY=1";
inline constexpr const char* kServiceStopping = "STOPPING=1";

// Nothing happens if nobody has asked for it, with the variable NOTIFY_SOCKET; what cannot be told
// is in the log. Threads may call it at once.
void tell_service_manager(const char* what);

}  // namespace logi::io
