#include "base/rfc3339.h"

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/ascii.h"

namespace logi {
namespace {

// In a pattern '0' stands for a digit, every other character for itself.
bool has_shape(std::string_view text, std::string_view pattern) {
    if (text.size() < pattern.size()) {
        return false;
    }
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (pattern[i] == '0' ? !base::is_digit(text[i]) : text[i] != pattern[i]) {
            return false;
        }
    }
    return true;
}

// absl's parser also takes blanks, lower-case letters, signs and "infinite-future".
bool is_rfc3339(std::string_view text) {
    constexpr std::string_view kToSeconds = "0000-00-00T00:00:00";
    if (!has_shape(text, kToSeconds)) {
        return false;
    }
    text.remove_prefix(kToSeconds.size());
    if (!text.empty() && text.front() == '.') {
        std::size_t end = 1;
        while (end < text.size() && base::is_digit(text[end])) {
            ++end;
        }
        if (end == 1) {
            return false;
        }
        text.remove_prefix(end);
    }
    const bool offset =
        text.size() == 6 && (has_shape(text, "+00:00") || has_shape(text, "-00:00"));
    return text == "Z" || offset;
}

}  // namespace

StatusOr<Timestamp> parse_rfc3339(std::string_view text) {
    const std::string whole(text);
    absl::Time time;
    std::string error;
    if (!is_rfc3339(text) || !absl::ParseTime(absl::RFC3339_full, whole, &time, &error)) {
        return absl::InvalidArgumentError(absl::StrCat("not a time of RFC 3339: \"", whole, "\""));
    }
    return Timestamp{absl::ToUnixNanos(time)};
}

std::string format_rfc3339(Timestamp time) {
    return absl::FormatTime(
        "%Y-%m-%dT%H:%M:%E*SZ", absl::FromUnixNanos(time.ns), absl::UTCTimeZone());
}

}  // namespace logi
