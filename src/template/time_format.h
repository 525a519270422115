// Times as text by Go's layouts, which show how 2006-01-02 15:04:05 would look.
#pragma once

#include "template/sink.h"
#include "template/value.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace logi::tmpl {

void format_time(Sink& out, const TimeValue& time, std::string_view layout);
// 2024-03-10 10:00:00.5 +0000 UTC
[[nodiscard]] std::string time_to_string(const TimeValue& time);
// Times without a zone of their own are in `zone`. Nothing if `text` does not fit the layout.
[[nodiscard]] std::optional<TimeValue> parse_time(std::string_view layout,
                                                  std::string_view text,
                                                  const Zone* zone);

// "January", or %!Month(13).
[[nodiscard]] std::string month_name(std::int64_t month);
// "Sunday" for 0, or %!Weekday(7).
[[nodiscard]] std::string weekday_name(std::int64_t weekday);

}  // namespace logi::tmpl
