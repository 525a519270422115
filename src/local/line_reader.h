// The lines of a log file one after the other, each with its time.
#pragma once

#include "local/line_time.h"
#include "local/log_files.h"

#include <cstdint>
#include <functional>
#include <string_view>

namespace logi::local {

struct TimedLine {
    std::string_view text;
    Timestamp time;
    std::uint64_t offset = 0;  // of its first byte in the text of the file
    std::uint64_t end = 0;     // and of the next line's
    // From there the lines up to this one may be read again, and are the same.
    std::uint64_t run_begin = 0;
};

// Lines from `from` on, which is a run_begin. Of lines that have the same time and text, some
// hundred lines apart at most, each is a nanosecond later than the one before, as a store takes
// equal entries for one. Lines of a file without times are a nanosecond apart, from that of its
// last change on. Errors of `take`, and as read_text(); kDataLoss for a line of more than 64 MiB.
Status read_timed_lines(const LogFile& file,
                        const TimeOptions& options,
                        std::uint64_t from,
                        const std::function<Status(const TimedLine& line)>& take);

}  // namespace logi::local
