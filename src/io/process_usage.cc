#include "io/process_usage.h"

#include "absl/strings/numbers.h"

#include <sys/resource.h>
#include <unistd.h>

#include <ctime>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

namespace logi::io {
namespace {

double seconds(const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

void tell_of_processor(base::Scrape& scrape) {
    rusage used{};
    if (::getrusage(RUSAGE_SELF, &used) == 0) {
        scrape.counter("process_cpu_seconds_total",
                       "Time of processors that was used.",
                       {},
                       seconds(used.ru_utime) + seconds(used.ru_stime));
    }
}

void tell_of_memory(base::Scrape& scrape) {
    std::ifstream statm("/proc/self/statm");
    double virtual_pages = 0;
    double resident_pages = 0;
    if (statm >> virtual_pages >> resident_pages) {
        const auto page_bytes = static_cast<double>(::sysconf(_SC_PAGESIZE));
        scrape.gauge("process_virtual_memory_bytes",
                     "Addresses that are taken.",
                     {},
                     virtual_pages * page_bytes);
        scrape.gauge("process_resident_memory_bytes",
                     "Memory that is used.",
                     {},
                     resident_pages * page_bytes);
    }
}

void tell_of_files(base::Scrape& scrape) {
    std::error_code failed;
    std::filesystem::directory_iterator at("/proc/self/fd", failed);
    double count = 0;
    for (; !failed && at != std::filesystem::directory_iterator(); at.increment(failed)) {
        ++count;
    }
    if (!failed) {
        scrape.gauge("process_open_fds", "Open files and connections.", {}, count - 1);
    }
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        scrape.gauge(
            "process_max_fds", "How many there may be.", {}, static_cast<double>(limit.rlim_cur));
    }
}

// Seconds since the process began.
std::optional<double> age() {
    std::ifstream stat("/proc/self/stat");
    std::string text;
    // What stands before is the program's name, in parentheses. The time is the 20th word behind
    // it.
    if (!std::getline(stat, text, '\0') || text.rfind(')') == std::string::npos) {
        return std::nullopt;
    }
    std::istringstream words(text.substr(text.rfind(')') + 1));
    std::string word;
    for (int i = 0; i < 20; ++i) {
        words >> word;
    }
    timespec since_boot{};
    double ticks = 0;
    if (!absl::SimpleAtod(word, &ticks) || ::clock_gettime(CLOCK_BOOTTIME, &since_boot) != 0) {
        return std::nullopt;
    }
    return static_cast<double>(since_boot.tv_sec) + static_cast<double>(since_boot.tv_nsec) / 1e9 -
           ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

}  // namespace

std::shared_ptr<const void> tell_of_usage(base::Registry& metrics, const Clock& clock) {
    const double begin = static_cast<double>(clock.now().ns) / 1e9 - age().value_or(0);
    return metrics.on_render([begin](base::Scrape& scrape) {
        tell_of_processor(scrape);
        tell_of_memory(scrape);
        tell_of_files(scrape);
        scrape.gauge("process_start_time_seconds", "When the process began.", {}, begin);
    });
}

}  // namespace logi::io
