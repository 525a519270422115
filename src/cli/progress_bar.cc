#include "cli/progress_bar.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "io/clock.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace logi::cli {
namespace {

constexpr Duration kBetween = Duration::millis(200);

Timestamp now() {
    return io::SystemClock().now();
}

}  // namespace

std::string short_duration(double seconds) {
    const auto s = static_cast<std::int64_t>(std::clamp(seconds, 0.0, 1e9));
    if (s >= 3600) {
        return absl::StrFormat("%dh%02dm", s / 3600, s / 60 % 60);
    }
    return s >= 60 ? absl::StrFormat("%dm%02ds", s / 60, s % 60) : absl::StrFormat("%ds", s);
}

std::string short_bytes(double bytes) {
    if (bytes >= 1e9) {
        return absl::StrFormat("%.1f GB", bytes / 1e9);
    }
    return bytes >= 1e6 ? absl::StrFormat("%.0f MB", bytes / 1e6)
                        : absl::StrFormat("%.0f kB", bytes / 1e3);
}

ProgressBar::ProgressBar(std::uint64_t total, bool unit_bytes)
    : total_(total), unit_bytes_(unit_bytes), shown_(::isatty(STDERR_FILENO) != 0), begin_(now()) {}

ProgressBar::~ProgressBar() {
    clear();
}

void ProgressBar::clear() {
    if (there_) {
        std::fputs("\r\x1b[K", stderr);
        there_ = false;
    }
}

std::string ProgressBar::text(std::uint64_t done,
                              std::uint64_t lines,
                              std::uint64_t skipped,
                              double seconds) const {
    constexpr std::uint64_t kWidth = 30;
    const std::uint64_t filled =
        total_ == 0
            ? 0
            : static_cast<std::uint64_t>(static_cast<double>(std::min(done, total_)) /
                                         static_cast<double>(total_) * static_cast<double>(kWidth));
    const double rate = static_cast<double>(done - skipped) / std::max(seconds, 0.001);
    std::string text = absl::StrCat("[",
                                    std::string(filled, '#'),
                                    std::string(kWidth - filled, '.'),
                                    "] ",
                                    total_ == 0 ? 0 : std::min(done, total_) * 100 / total_,
                                    "%, ",
                                    lines,
                                    " lines");
    if (unit_bytes_) {
        absl::StrAppend(&text, ", ", short_bytes(rate), "/s");
    }
    if (rate > 0 && done < total_) {
        absl::StrAppend(
            &text, ", ", short_duration(static_cast<double>(total_ - done) / rate), " left");
    }
    return text;
}

void ProgressBar::show(std::uint64_t done, std::uint64_t lines, std::uint64_t skipped) {
    const Timestamp time = now();
    if (!shown_ || time - last_ < kBetween) {
        return;
    }
    last_ = time;
    there_ = true;
    const double seconds = static_cast<double>((time - begin_).ns) / 1e9;
    std::fprintf(stderr, "\r%s\x1b[K", text(done, lines, skipped, seconds).c_str());
}

}  // namespace logi::cli
