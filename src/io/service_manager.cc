#include "io/service_manager.h"

#include "absl/status/status.h"
#include "base/log.h"

#include <systemd/sd-daemon.h>

namespace logi::io {

void tell_service_manager(const char* what) {
    if (const int told = ::sd_notify(0, what); told < 0) {
        const auto status = absl::ErrnoToStatus(-told, "sd_notify");
        base::log_warn("the service manager cannot be told",
                       {{"what", what}, {"error", std::string(status.message())}});
    }
}

}  // namespace logi::io
