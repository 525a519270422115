// Seconds to dates and back, in the Gregorian calendar without zones.
#pragma once

#include <cstdint>

namespace logi::tmpl {

struct CivilTime {
    std::int64_t year = 1970;
    int month = 1;  // 1 … 12
    int day = 1;    // 1 … 31
    int hour = 0;
    int minute = 0;
    int second = 0;
    int weekday = 4;   // 0 is Sunday
    int year_day = 1;  // 1 … 366
};

inline constexpr std::int64_t kSecondsPerDay = 86'400;
// The first second of the year 1, which Go takes for no time.
inline constexpr std::int64_t kZeroTimeSeconds = -62'135'596'800;

[[nodiscard]] bool is_leap_year(std::int64_t year);
[[nodiscard]] int days_in_month(int month, std::int64_t year);
// Days since 1970-01-01.
[[nodiscard]] std::int64_t days_from_civil(std::int64_t year, int month, int day);
[[nodiscard]] CivilTime civil_from_seconds(std::int64_t seconds);

}  // namespace logi::tmpl
