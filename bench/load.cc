// bench_load: sends the push bodies of a file over several connections, each node's in order.
#include <CLI/CLI.hpp>
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace logi::bench {
namespace {

struct Options {
    std::string bodies;
    std::uint16_t port = 3100;
    unsigned connections = 4;
    bool retry = true;
};

using Clock = std::chrono::steady_clock;

struct Totals {
    std::atomic<std::uint64_t> accepted{0};
    std::atomic<std::uint64_t> retried{0};  // answers of 503 and 429, sent again
    std::atomic<bool> failed{false};
};

[[noreturn]] void die(const char* what) {
    std::perror(what);
    std::exit(1);
}

// The bodies of a file, in memory that the kernel shares with it.
std::vector<std::vector<std::string_view>> map_bodies(const Options& options) {
    const int fd = ::open(options.bodies.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat info {};
    if (fd < 0 || ::fstat(fd, &info) != 0) {
        die(options.bodies.c_str());
    }
    const auto size = static_cast<std::size_t>(info.st_size);
    void* p = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED) {
        die("mmap");
    }
    std::vector<std::vector<std::string_view>> by_connection(options.connections);
    const char* begin = static_cast<const char*>(p);
    for (std::size_t at = 0; at + 8 <= size;) {
        std::uint32_t head[2];  // node, length
        std::memcpy(head, begin + at, sizeof(head));
        by_connection[head[0] % options.connections].emplace_back(begin + at + 8, head[1]);
        at += 8 + head[1];
    }
    return by_connection;
}

class Connection {
  public:
    explicit Connection(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (fd_ < 0 || ::connect(fd_,
                                 reinterpret_cast<const sockaddr*>(&address),
                                 static_cast<socklen_t>(sizeof(address))) != 0) {
            die("connect");
        }
        const int on = 1;
        ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    }
    ~Connection() { ::close(fd_); }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    // The status of the answer; 0 when the connection broke. `answer` gets all of it.
    int push(std::string_view body, std::string& answer) {
        const std::string head =
            "POST /loki/api/v1/push HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
            "application/x-protobuf\r\nContent-Length: " +
            std::to_string(body.size()) + "\r\n\r\n";
        return send_all(head, body) ? receive(answer) : 0;
    }

  private:
    bool send_all(std::string_view head, std::string_view body) const {
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

    int receive(std::string& answer) const {
        answer.clear();
        std::size_t need = std::string::npos;
        char chunk[4096];
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

    int fd_;
};

void send_bodies(const Options& options,
                 const std::vector<std::string_view>& bodies,
                 std::vector<double>& seconds,
                 Totals& totals) {
    Connection connection(options.port);
    std::string answer;
    for (const std::string_view body : bodies) {
        const auto begin = Clock::now();
        int status = connection.push(body, answer);
        while (options.retry && (status == 503 || status == 429)) {
            totals.retried.fetch_add(1);
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
            status = connection.push(body, answer);
        }
        if (status != 204) {
            std::fprintf(stderr, "bench_load: status %d: %s\n", status, answer.c_str());
            totals.failed = true;
            return;
        }
        seconds.push_back(std::chrono::duration<double>(Clock::now() - begin).count());
        totals.accepted.fetch_add(1);
    }
}

int run(const Options& options) {
    const auto by_connection = map_bodies(options);
    Totals totals;
    std::vector<std::vector<double>> seconds(options.connections);
    const auto begin = Clock::now();
    {
        std::vector<std::jthread> threads;
        for (unsigned i = 0; i < options.connections; ++i) {
            threads.emplace_back(
                [&, i] { send_bodies(options, by_connection[i], seconds[i], totals); });
        }
    }
    const double wall = std::chrono::duration<double>(Clock::now() - begin).count();
    std::vector<double> all;
    for (const auto& s : seconds) {
        all.insert(all.end(), s.begin(), s.end());
    }
    std::sort(all.begin(), all.end());
    const auto at = [&](double part) {
        return all.empty() ? 0
                           : all[std::min(
                                 all.size() - 1,
                                 static_cast<std::size_t>(part * static_cast<double>(all.size())))];
    };
    std::printf(
        "{\"accepted\": %llu, \"retried\": %llu, \"wall_s\": %.3f, \"p50_s\": %.4f, "
        "\"p99_s\": %.4f, \"max_s\": %.4f}\n",
        static_cast<unsigned long long>(totals.accepted.load()),
        static_cast<unsigned long long>(totals.retried.load()),
        wall,
        at(0.5),
        at(0.99),
        at(1));
    return totals.failed ? 1 : 0;
}

}  // namespace
}  // namespace logi::bench

int main(int argc, char** argv) {
    CLI::App app("Sends push bodies to a server on this machine; figures to stdout, as JSON");
    logi::bench::Options options;
    app.add_option("bodies", options.bodies, "file of bench_corpus")->required();
    app.add_option("--port", options.port);
    app.add_option("--connections", options.connections)->check(CLI::Range(1, 256));
    app.add_flag("!--no-retry", options.retry, "an answer of 503 or 429 is an error");
    CLI11_PARSE(app, argc, argv);
    return logi::bench::run(options);
}
