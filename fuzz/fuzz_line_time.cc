// Any lines are safe to look for times in: no text is a time in two ways, so that it does not
// matter which lines were read before; times that lack the year are not in the future; and what is
// found out of lines holds when it is asked for again.
#include "local/line_time.h"
#include "template/zone.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using logi::Timestamp;
using logi::local::LineTime;
using logi::local::TimeForm;
using logi::local::TimeOptions;
using logi::local::TimeText;

constexpr Timestamp kReference{1'772'323'200'000'000'000};  // 2026-03-01

void check(bool holds) {
    if (!holds) {
        std::abort();
    }
}

std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        lines.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

void check_forms(std::string_view line, const logi::tmpl::Zone* zone) {
    TimeText text(zone, kReference);
    int ways = 0;
    for (const TimeForm form : logi::local::kTimeForms) {
        const auto time = text.read(form, line);
        ways += time.has_value() ? 1 : 0;
        if (time.has_value() && form == TimeForm::kKlog) {
            check(*time <= kReference + logi::Duration::hours(24));
        }
    }
    check(ways <= 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const logi::tmpl::Zone* const zone =
        data[0] % 2 == 0 ? logi::tmpl::Zone::utc() : logi::tmpl::Zone::find("Europe/Berlin");
    const auto lines = lines_of({reinterpret_cast<const char*>(data) + 1, size - 1});
    const TimeOptions options{"auto", "", zone};
    LineTime times = LineTime::find_out(lines, options, kReference);
    const LineTime begin = times;
    std::size_t found = 0;
    for (const std::string_view line : lines) {
        check_forms(line, zone);
        LineTime other = begin;
        const auto time = times.of(line);
        check(time == other.of(line));
        found += time.has_value() ? 1U : 0U;
    }
    check(times.none() == (found == 0));
    return 0;
}
