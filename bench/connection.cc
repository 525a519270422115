#include "connection.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace logi::bench {

void die(const char* what) {
    std::perror(what);
    std::exit(1);
}

int connect_to(std::uint16_t port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || ::connect(fd,
                            reinterpret_cast<const sockaddr*>(&address),
                            static_cast<socklen_t>(sizeof(address))) != 0) {
        ::close(fd);
        return -1;
    }
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return fd;
}

Connection::Connection(std::uint16_t port) : port_(port), fd_(connect_to(port)) {
    if (fd_ < 0) {
        die("connect");
    }
}

Connection::~Connection() {
    ::close(fd_);
}

bool Connection::reconnect() {
    ::close(fd_);
    fd_ = connect_to(port_);
    return fd_ >= 0;
}

int Connection::push(std::string_view body, std::string& answer) {
    const std::string head =
        "POST /loki/api/v1/push HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
        "application/x-protobuf\r\nContent-Length: " +
        std::to_string(body.size()) + "\r\n\r\n";
    return send_all(head, body) ? receive(answer) : 0;
}

int Connection::get(std::string_view target, std::string& answer) {
    const std::string head = "GET " + std::string(target) + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
    return send_all(head, "") ? receive(answer) : 0;
}

bool Connection::send_all(std::string_view head, std::string_view body) const {
    std::size_t done = 0;
    const std::size_t total = head.size() + body.size();
    while (done < total) {
        iovec parts[2];
        int count = 0;
        if (done < head.size()) {
            parts[count++] = {const_cast<char*>(head.data()) + done, head.size() - done};
        }
        const std::size_t at = done > head.size() ? done - head.size() : 0;
        parts[count++] = {const_cast<char*>(body.data()) + at, body.size() - at};
        const ssize_t n = ::writev(fd_, parts, count);
        if (n <= 0) {
            return false;
        }
        done += static_cast<std::size_t>(n);
    }
    return true;
}

int Connection::receive(std::string& answer) const {
    answer.clear();
    std::size_t need = std::string::npos;
    char chunk[65536];
    while (answer.size() < need) {
        const ssize_t n = ::read(fd_, chunk, sizeof(chunk));
        if (n <= 0) {
            return 0;
        }
        answer.append(chunk, static_cast<std::size_t>(n));
        const std::size_t end = answer.find("\r\n\r\n");
        if (need == std::string::npos && end != std::string::npos) {
            const std::size_t at = answer.find("Content-Length: ");
            need = end + 4 + (at < end ? std::stoul(answer.substr(at + 16)) : 0);
        }
    }
    return std::atoi(answer.c_str() + std::strlen("HTTP/1.1 "));
}

}  // namespace logi::bench
