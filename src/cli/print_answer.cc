#include "cli/print_answer.h"

#include "cli/chart.h"
#include "wire/json_pretty.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>

namespace logi::cli {
namespace {

std::size_t terminal_width() {
    constexpr std::size_t kDefault = 100;
    winsize size{};
    return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col
                                                                             : kDefault;
}

}  // namespace

void say_stats(const std::string& stats) {
    if (!stats.empty()) {
        std::fprintf(stderr, "%s\n", wire::pretty_json(stats).c_str());
    }
}

Status print_answer(const wire::QueryAnswer& answer, const PrintArgs& args) {
    const bool draws = args.output == "default" && ::isatty(STDOUT_FILENO) != 0;
    const std::string chart = draws ? draw_chart(answer.series, terminal_width()) : "";
    const std::string text = chart.empty() ? wire::pretty_json(answer.result) + "\n" : chart;
    return std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0
               ? absl::OkStatus()
               : absl::UnavailableError("the output cannot be written");
}

}  // namespace logi::cli
