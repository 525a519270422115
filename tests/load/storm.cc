// load_storm: many connections push, many ask and many follow, all at once; afterwards every line
// that was acknowledged is looked for. Figures to standard output, as JSON.
#include "bodies.h"
#include "connection.h"
#include "followers.h"
#include "lines.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace logi::load {
namespace {

using Clock = std::chrono::steady_clock;

struct Options {
    std::uint16_t port = 3100;
    unsigned pushers = 64;
    unsigned queriers = 32;
    unsigned tails = 500;
    unsigned seconds = 20;
    unsigned tail_wait_s = 60;
    Plan plan;
};

class Latencies {
  public:
    void add(double seconds) {
        const std::lock_guard<std::mutex> lock(mutex_);
        seconds_.push_back(seconds);
    }
    // {"count": …, "p50_s": …}
    std::string json() {
        const std::lock_guard<std::mutex> lock(mutex_);
        std::sort(seconds_.begin(), seconds_.end());
        const auto at = [&](double part) {
            const auto i = static_cast<std::size_t>(part * static_cast<double>(seconds_.size()));
            return seconds_.empty() ? 0.0 : seconds_[std::min(i, seconds_.size() - 1)];
        };
        char text[160];
        std::snprintf(text,
                      sizeof(text),
                      "{\"count\": %zu, \"p50_s\": %.4f, \"p99_s\": %.4f, \"max_s\": %.4f}",
                      seconds_.size(),
                      at(0.5),
                      at(0.99),
                      at(1));
        return text;
    }

  private:
    std::mutex mutex_;
    std::vector<double> seconds_;
};

struct Totals {
    std::atomic<std::uint64_t> acknowledged{0};  // lines
    std::atomic<std::uint64_t> body_bytes{0};
    std::atomic<std::uint64_t> line_bytes{0};
    std::atomic<std::uint64_t> unavailable{0};     // pushes answered with 503 or 429
    std::atomic<std::uint64_t> no_retry_after{0};  // of these, without that header
    std::atomic<std::uint64_t> refused{0};         // pushes with any other answer
    std::atomic<std::uint64_t> query_errors{0};
    std::atomic<bool> pushed{false};
    Latencies pushes;
    Latencies queries;
};

double since(Clock::time_point begin) {
    return std::chrono::duration<double>(Clock::now() - begin).count();
}

// Until it is acknowledged. The same body again is no harm: its lines are the same.
void push_body(bench::Connection& connection, const std::string& body, Totals& totals) {
    std::string answer;
    while (true) {
        const auto begin = Clock::now();
        const int status = connection.push(body, answer);
        if (status == 204) {
            totals.pushes.add(since(begin));
            return;
        }
        if (status == 503 || status == 429) {
            ++totals.unavailable;
            totals.no_retry_after +=
                answer.find("\r\nRetry-After: ") == std::string::npos ? 1U : 0U;
        } else if (totals.refused++ == 0) {
            std::fprintf(stderr, "a push got %d: %.300s\n", status, answer.c_str());
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
        if (status == 0 || answer.find("\r\nConnection: close") != std::string::npos) {
            connection.reconnect();
        }
    }
}

// A body every second, with what the plan wants to have been written until then.
void push(const Options& options, unsigned pusher, Clock::time_point begin, Totals& totals) {
    bench::Connection connection(options.port);
    const std::uint64_t lines = options.plan.lines();
    const auto offset = std::chrono::milliseconds(1000 * pusher / options.pushers);
    std::uint64_t sent = 0;
    for (unsigned second = 0; sent < lines; ++second) {
        std::this_thread::sleep_until(begin + std::chrono::seconds(second) + offset);
        const std::uint64_t due =
            second + 1 >= options.seconds ? lines : lines * (second + 1) / options.seconds;
        std::string body;
        bench::BodyWriter writer(
            SIZE_MAX,
            [&body](std::uint32_t, std::string_view bytes, const auto&) { body = bytes; });
        writer.stream(0, stream_of(pusher), 0);
        const std::uint64_t first = sent;
        for (; sent < due; ++sent) {
            const std::string line = line_of(pusher, sent);
            totals.line_bytes += line.size();
            writer.entry(0, options.plan.time_ns(sent), line);
        }
        writer.finish();
        push_body(connection, body, totals);
        totals.acknowledged += sent - first;
        totals.body_bytes += body.size();
    }
}

std::string range(const Options& options, std::int64_t seconds, std::mt19937_64& random) {
    const std::int64_t span = std::max<std::int64_t>(options.plan.data_seconds - seconds, 1);
    const std::int64_t begin =
        options.plan.begin_ns +
        static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(span)) * 1'000'000'000;
    return "&start=" + std::to_string(begin) +
           "&end=" + std::to_string(begin + seconds * 1'000'000'000);
}

// What people and dashboards ask.
std::string question(const Options& options, std::mt19937_64& random) {
    const std::string pusher = std::to_string(random() % options.pushers);
    const std::string stream = "%7Bapp%3D%22load%22%2Cpusher%3D%22" + pusher + "%22%7D";
    const std::string all = "%7Bapp%3D%22load%22%7D";
    const std::string base = "/loki/api/v1/";
    switch (random() % 6) {
        case 0:
            return base + "query_range?limit=100&query=" + stream + range(options, 300, random);
        case 1:
            return base + "query_range?limit=50&query=" + all + "%7C%3D%22level%3Derror%22" +
                   range(options, 60, random);
        case 2:
            return base + "query_range?step=15&query=sum%20by(pusher)(count_over_time(" + all +
                   "%5B1m%5D))" + range(options, 600, random);
        case 3:
            return base + "query_range?step=15&query=sum%20by(method)(rate(" + stream +
                   "%7Clogfmt%5B1m%5D))" + range(options, 300, random);
        case 4:
            return base + "label/pusher/values?query=" + all + range(options, 600, random);
        default:
            return base + "index/volume?query=" + all + range(options, 600, random);
    }
}

void ask(const Options& options, unsigned number, Totals& totals) {
    bench::Connection connection(options.port);
    std::mt19937_64 random(number);
    std::string answer;
    while (!totals.pushed) {
        const std::string target = question(options, random);
        const auto begin = Clock::now();
        const int status = connection.get(target, answer);
        if (status == 200) {
            totals.queries.add(since(begin));
        } else {
            if (totals.query_errors++ == 0) {
                std::fprintf(stderr, "%s got %d: %.300s\n", target.c_str(), status, answer.c_str());
            }
            connection.reconnect();
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(500 + random() % 1000));
    }
}

struct Found {
    std::atomic<std::uint64_t> lines{0};
    std::atomic<std::uint64_t> wrong{0};  // missing or twice
};

// Reads all lines of a pusher back, which are to be there once.
void look(const Options& options, unsigned pusher, Found& found) {
    constexpr std::uint64_t kPage = 5000;
    bench::Connection connection(options.port);
    std::string answer;
    std::uint64_t next = 0;
    const std::string end = std::to_string(options.plan.time_ns(options.plan.lines()));
    while (next < options.plan.lines()) {
        const int status = connection.get(
            "/loki/api/v1/query_range?direction=forward&limit=" + std::to_string(kPage) +
                "&query=%7Bapp%3D%22load%22%2Cpusher%3D%22" + std::to_string(pusher) +
                "%22%7D&start=" + std::to_string(options.plan.time_ns(next)) + "&end=" + end,
            answer);
        std::vector<std::uint64_t> numbers = numbers_in(answer);
        std::sort(numbers.begin(), numbers.end());  // lines of one level stand together
        if (status != 200 || numbers.empty()) {
            std::fprintf(stderr,
                         "pusher %u ends at line %llu: %.300s\n",
                         pusher,
                         static_cast<unsigned long long>(next),
                         answer.c_str());
            ++found.wrong;
            return;
        }
        for (const std::uint64_t number : numbers) {
            if (number != next) {
                ++found.wrong;
            }
            ++found.lines;
            next = number + 1;
        }
    }
}

void look_for_all(const Options& options, Found& found) {
    std::atomic<unsigned> pusher{0};
    std::vector<std::jthread> threads;
    for (int i = 0; i < 2; ++i) {
        threads.emplace_back([&] {
            for (unsigned p = pusher++; p < options.pushers; p = pusher++) {
                look(options, p, found);
            }
        });
    }
}

void print(
    Totals& totals, const FollowerTotals& tails, const Found& found, double wall_s, double look_s) {
    const auto number = [](std::uint64_t value) {
        return static_cast<unsigned long long>(value);
    };
    std::printf(
        "{\"acknowledged\": %llu, \"line_bytes\": %llu, \"body_bytes\": %llu, \"unavailable\": "
        "%llu, "
        "\"no_retry_after\": %llu, \"refused\": %llu, \"query_errors\": %llu, \"wall_s\": %.1f,\n",
        number(totals.acknowledged),
        number(totals.line_bytes),
        number(totals.body_bytes),
        number(totals.unavailable),
        number(totals.no_retry_after),
        number(totals.refused),
        number(totals.query_errors),
        wall_s);
    std::printf(" \"pushes\": %s,\n \"queries\": %s,\n",
                totals.pushes.json().c_str(),
                totals.queries.json().c_str());
    std::printf(
        " \"tails\": {\"connected\": %llu, \"lines\": %llu, \"dropped\": %llu, \"missing\": %llu, "
        "\"twice\": %llu, \"broken\": %llu},\n",
        number(tails.connected),
        number(tails.lines),
        number(tails.dropped),
        number(tails.missing),
        number(tails.twice),
        number(tails.broken));
    std::printf(" \"found\": %llu, \"wrong\": %llu, \"look_s\": %.1f}\n",
                number(found.lines),
                number(found.wrong),
                look_s);
}

int run(const Options& options) {
    Totals totals;
    Followers followers(options.port, options.tails, options.pushers);
    const auto begin = Clock::now();
    {
        std::vector<std::jthread> askers;
        for (unsigned i = 0; i < options.queriers; ++i) {
            askers.emplace_back([&, i] { ask(options, i, totals); });
        }
        {
            std::vector<std::jthread> pushers;
            for (unsigned i = 0; i < options.pushers; ++i) {
                pushers.emplace_back([&, i] { push(options, i, begin, totals); });
            }
        }
        totals.pushed = true;
    }
    const double wall_s = since(begin);
    const FollowerTotals tails = followers.finish(options.plan, options.tail_wait_s);
    Found found;
    const auto look_begin = Clock::now();
    look_for_all(options, found);
    print(totals, tails, found, wall_s, since(look_begin));
    return found.wrong == 0 && found.lines == totals.acknowledged ? 0 : 1;
}

}  // namespace
}  // namespace logi::load

int main(int argc, char** argv) {
    CLI::App app("Loads a server on this machine, and checks that it keeps what it acknowledges");
    logi::load::Options options;
    app.add_option("--port", options.port);
    app.add_option("--pushers", options.pushers)->check(CLI::Range(1, 1024));
    app.add_option("--queriers", options.queriers)->check(CLI::Range(0, 1024));
    app.add_option("--tails", options.tails)->check(CLI::Range(0, 4096));
    app.add_option("--seconds", options.seconds, "that pushing takes")->check(CLI::Range(1, 86400));
    app.add_option(
        "--data-seconds", options.plan.data_seconds, "from the first line's time to the last's");
    app.add_option(
        "--lines-per-second", options.plan.lines_per_s, "of a pusher, by the lines' time");
    app.add_option(
        "--tail-wait", options.tail_wait_s, "seconds for the live tails to come to the end");
    CLI11_PARSE(app, argc, argv);
    std::signal(SIGPIPE, SIG_IGN);
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    options.plan.begin_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(now).count() -
                            options.plan.data_seconds * 1'000'000'000;
    return logi::load::run(options);
}
