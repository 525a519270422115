// bench_load: sends the push bodies of a file over several connections, each node's in order.
#include "connection.h"

#include <CLI/CLI.hpp>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
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
