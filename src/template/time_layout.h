// The elements of a Go time layout.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace logi::tmpl {

enum class Element : std::uint8_t {
    kNone,
    kLongMonth,      // January
    kMonth,          // Jan
    kNumMonth,       // 1
    kZeroMonth,      // 01
    kLongWeekday,    // Monday
    kWeekday,        // Mon
    kDay,            // 2
    kUnderDay,       // _2
    kZeroDay,        // 02
    kUnderYearDay,   // __2
    kZeroYearDay,    // 002
    kHour,           // 15
    kHour12,         // 3
    kZeroHour12,     // 03
    kMinute,         // 4
    kZeroMinute,     // 04
    kSecond,         // 5
    kZeroSecond,     // 05
    kLongYear,       // 2006
    kYear,           // 06
    kUpperPm,        // PM
    kLowerPm,        // pm
    kZoneName,       // MST
    kOffset,         // -0700 and its kin: see OffsetStyle
    kFractionZeros,  // .000, with as many digits
    kFractionNines,  // .999, without zeros at the end
};

struct OffsetStyle {
    bool z_for_utc = false;  // Z0700: a plain Z stands for UTC
    bool colons = false;
    int fields = 2;  // hours; minutes too; seconds too
};

// One piece of a layout: plain text and the element behind it.
struct LayoutPart {
    std::string_view text;
    Element element = Element::kNone;
    OffsetStyle offset;
    int digits = 0;         // of a fraction
    char separator = '.';   // of a fraction
    std::string_view rest;  // the layout behind the element
};

// The text up to the first element. With kNone, all of the layout is text.
[[nodiscard]] LayoutPart next_part(std::string_view layout);

inline constexpr std::array<std::string_view, 12> kMonthNames{"January",
                                                              "February",
                                                              "March",
                                                              "April",
                                                              "May",
                                                              "June",
                                                              "July",
                                                              "August",
                                                              "September",
                                                              "October",
                                                              "November",
                                                              "December"};
inline constexpr std::array<std::string_view, 7> kWeekdayNames{
    "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};

}  // namespace logi::tmpl
