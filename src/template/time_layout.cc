#include "template/time_layout.h"

#include "base/ascii.h"

#include <optional>

namespace logi::tmpl {
namespace {

struct Pattern {
    std::string_view text;
    Element element;
    // Not if a small letter follows: "Jan" is no month in "Janet".
    bool whole_word = false;
};

// Longer ones before their beginnings.
constexpr Pattern kPatterns[] = {
    {"January", Element::kLongMonth},
    {"Jan", Element::kMonth, true},
    {"Monday", Element::kLongWeekday},
    {"Mon", Element::kWeekday, true},
    {"MST", Element::kZoneName},
    {"01", Element::kZeroMonth},
    {"02", Element::kZeroDay},
    {"03", Element::kZeroHour12},
    {"04", Element::kZeroMinute},
    {"05", Element::kZeroSecond},
    {"06", Element::kYear},
    {"002", Element::kZeroYearDay},
    {"15", Element::kHour},
    {"1", Element::kNumMonth},
    {"2006", Element::kLongYear},
    {"2", Element::kDay},
    {"__2", Element::kUnderYearDay},
    {"_2", Element::kUnderDay},
    {"3", Element::kHour12},
    {"4", Element::kMinute},
    {"5", Element::kSecond},
    {"PM", Element::kUpperPm},
    {"pm", Element::kLowerPm},
};

struct OffsetPattern {
    std::string_view text;
    OffsetStyle style;
};

constexpr OffsetPattern kOffsets[] = {
    {"-070000", {false, false, 3}},
    {"-07:00:00", {false, true, 3}},
    {"-0700", {false, false, 2}},
    {"-07:00", {false, true, 2}},
    {"-07", {false, false, 1}},
    {"Z070000", {true, false, 3}},
    {"Z07:00:00", {true, true, 3}},
    {"Z0700", {true, false, 2}},
    {"Z07:00", {true, true, 2}},
    {"Z07", {true, false, 1}},
};

bool matches(const Pattern& pattern, std::string_view at) {
    if (!at.starts_with(pattern.text)) {
        return false;
    }
    const std::string_view behind = at.substr(pattern.text.size());
    const bool small_letter = !behind.empty() && behind[0] >= 'a' && behind[0] <= 'z';
    return !(pattern.whole_word && small_letter);
}

// .000 or ,999, not followed by another digit.
std::optional<LayoutPart> fraction(std::string_view at) {
    if (at.size() < 2 || (at[0] != '.' && at[0] != ',') || (at[1] != '0' && at[1] != '9')) {
        return std::nullopt;
    }
    std::size_t end = 1;
    while (end < at.size() && at[end] == at[1]) {
        ++end;
    }
    if (end < at.size() && base::is_digit(at[end])) {
        return std::nullopt;
    }
    LayoutPart part;
    part.element = at[1] == '0' ? Element::kFractionZeros : Element::kFractionNines;
    part.digits = static_cast<int>(end) - 1;
    part.separator = at[0];
    part.rest = at.substr(end);
    return part;
}

std::optional<LayoutPart> element_at(std::string_view at) {
    LayoutPart part;
    for (const OffsetPattern& pattern : kOffsets) {
        if (at.starts_with(pattern.text)) {
            part.element = Element::kOffset;
            part.offset = pattern.style;
            part.rest = at.substr(pattern.text.size());
            return part;
        }
    }
    for (const Pattern& pattern : kPatterns) {
        if (matches(pattern, at)) {
            part.element = pattern.element;
            part.rest = at.substr(pattern.text.size());
            return part;
        }
    }
    return fraction(at);
}

}  // namespace

LayoutPart next_part(std::string_view layout) {
    for (std::size_t i = 0; i < layout.size(); ++i) {
        const std::string_view at = layout.substr(i);
        // The underscore of _2006 is text before a year.
        if (at.starts_with("_2006")) {
            continue;
        }
        if (auto part = element_at(at)) {
            part->text = layout.substr(0, i);
            return *part;
        }
    }
    LayoutPart part;
    part.text = layout;
    return part;
}

}  // namespace logi::tmpl
