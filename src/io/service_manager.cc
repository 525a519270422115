#include "io/service_manager.h"

#include "absl/cleanup/cleanup.h"
#include "base/log.h"
#include "base/status.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace logi::io {
namespace {

Status send_to(std::string_view path, std::string_view what) {
    sockaddr_un address{};
    if ((path.front() != '/' && path.front() != '@') || path.size() >= sizeof address.sun_path) {
        return absl::InvalidArgumentError("not a socket's path");
    }
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    if (path.front() == '@') {
        address.sun_path[0] = '\0';  // a name that is in no folder
    }
    const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (socket < 0) {
        return absl::ErrnoToStatus(errno, "no socket");
    }
    const absl::Cleanup close_socket = [socket] {
        ::close(socket);
    };
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
    // The library of sockets wants this cast.
    const auto* to = reinterpret_cast<const sockaddr*>(&address);
    if (::sendto(socket, what.data(), what.size(), MSG_NOSIGNAL, to, size) < 0) {
        return absl::ErrnoToStatus(errno, "not sent");
    }
    return absl::OkStatus();
}

}  // namespace

void tell_service_manager(const char* what) {
    const char* path = std::getenv("NOTIFY_SOCKET");
    if (path == nullptr || *path == '\0') {
        return;
    }
    if (const Status sent = send_to(path, what); !sent.ok()) {
        base::log_warn(
            "the service manager cannot be told",
            {{"what", what}, {"NOTIFY_SOCKET", path}, {"error", std::string(sent.message())}});
    }
}

}  // namespace logi::io
