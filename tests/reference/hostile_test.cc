// Queries that are made to hurt: each ends soon, with an answer or an error, within the memory that
// a query may use.
#include "absl/strings/str_cat.h"
#include "engine.h"
#include "model/labels.h"

#include <gtest/gtest.h>

#include <sys/resource.h>

#include <fstream>

namespace logi::reference {
namespace {

constexpr Timestamp kStart{1'700'000'000 * kNanosPerSecond};
constexpr std::int64_t kMemoryBytesMax = 64LL << 20U;
// What a query may take beside what it is charged for: blocks that are read, allocator, stacks.
constexpr std::int64_t kSlackBytes = 160LL << 20U;
constexpr double kSecondsMax = 10;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kMeasures = false;
#else
constexpr bool kMeasures = true;
#endif

double cpu_seconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void reset_peak() {
    std::ofstream("/proc/self/clear_refs") << "5";
}

std::int64_t status_bytes(const std::string& name) {
    std::ifstream status("/proc/self/status");
    std::string word;
    while (status >> word) {
        std::int64_t kib = 0;
        if (word == name && status >> kib) {
            return kib * 1024;
        }
    }
    return 0;
}

std::string repeated(const std::string& text, std::size_t times, const std::string& between = "") {
    std::string out;
    for (std::size_t i = 0; i < times; ++i) {
        absl::StrAppend(&out, i > 0 ? between : "", text);
    }
    return out;
}

// Many lines, each with fields of its own, in streams that are not few.
std::vector<Entry> many_lines(std::size_t count) {
    std::vector<Entry> out;
    for (std::size_t i = 0; i < count; ++i) {
        out.push_back(
            {{{"app", "a"}, {"pod", absl::StrCat("p", i % 100)}},
             kStart + Duration::millis(static_cast<std::int64_t>(i)),
             absl::StrCat("id=", i, " level=info n=", i % 97, " text=", repeated("a", 40)),
             {}});
    }
    return out;
}

exec::Sources sources_of(const std::vector<Entry>& entries) {
    Dice dice(1);
    return make_sources(entries, dice);
}

const exec::Sources& lines_200() {
    static const auto* const sources = new exec::Sources(sources_of(many_lines(200)));
    return *sources;
}

const exec::Sources& lines_50000() {
    static const auto* const sources = new exec::Sources(sources_of_segments(many_lines(50000)));
    return *sources;
}

Request range_request() {
    Request request;
    request.start = kStart;
    request.end = kStart + Duration::seconds(60);
    request.step = Duration::seconds(1);
    request.limit = 5000;
    request.now = kStart + Duration::hours(1);
    return request;
}

}  // namespace
}  // namespace logi::reference
