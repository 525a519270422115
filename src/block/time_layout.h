// Times as logs write them, to integers and back, digit for digit.
#pragma once

#include "absl/types/span.h"
#include "base/time.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace logi::block {

// The length of a date and time of day with a space or colon in it, or with a T, at the beginning
// of a text; 0 if there is none. Zones are left to the text behind.
[[nodiscard]] std::uint32_t fixed_time_length(std::string_view text);

// How one column writes its times. A time is a number of units of 10^-digits seconds since 1970, as
// if the text were in UTC.
class TimeLayout {
  public:
    enum class Date : std::uint8_t {
        kIso = 0,     // 2024-06-03T, also with / or a space
        kSyslog = 1,  // Jun  3␠; the year is that of the entry
        kAccess = 2,  // 03/Jun/2024:
    };
    // The layout of a text that is a time and at most kSuffixMax more bytes.
    static std::optional<TimeLayout> of(std::string_view text);
    // As a block stores it. Nothing if it is malformed.
    static std::optional<TimeLayout> parse_layout(std::string_view stored);
    [[nodiscard]] std::string stored() const;

    // The same with nine digits, of which zeros at the end are left out, as Go does.
    [[nodiscard]] TimeLayout trimmed() const;

    // The date that was parsed last: the next one is probably the same.
    struct LastDate {
        std::string text;
        std::int64_t days = 0;
        // Entries of its year: [first, last).
        std::int64_t first_ns = 0;
        std::int64_t last_ns = 0;
    };
    // Nothing if print() would not give the text back.
    [[nodiscard]] std::optional<std::int64_t> parse(std::string_view text,
                                                    Timestamp entry,
                                                    LastDate& last) const;
    // The date that was written last.
    struct Written {
        std::int64_t days = 0;
        std::size_t size = 0;
        char text[16] = {};
    };
    // At most kTextMax bytes; returns their end.
    char* print(std::int64_t units, char* out, Written& last) const;
    // The entry's time in these units, rounded down.
    [[nodiscard]] std::int64_t units_of(Timestamp entry) const;
    [[nodiscard]] std::vector<std::int64_t> units_of(absl::Span<const Timestamp> entries) const;

    // What a printed time consists of, besides a month, and numbers of two digits that other
    // characters part: its year, empty if that is not printed; so many digits behind a point; and
    // a text behind all that.
    [[nodiscard]] std::string year_of(std::int64_t units) const;
    [[nodiscard]] bool has_year() const { return date_ != Date::kSyslog; }
    [[nodiscard]] std::uint8_t digits() const { return digits_; }
    [[nodiscard]] bool trims_zeros() const { return trimmed_; }
    // All that a printed time may have of letters beside each other.
    [[nodiscard]] std::string letters() const;
    [[nodiscard]] const std::string& text_behind() const { return suffix_; }
    // Whether these three may run into each other.
    [[nodiscard]] bool ends_in_digits() const;

    static constexpr std::size_t kSuffixMax = 16;
    static constexpr std::size_t kTextMax = 64;

  private:
    [[nodiscard]] std::size_t date_bytes() const;
    void print_date(std::int64_t days, Written& last) const;
    [[nodiscard]] std::optional<std::int64_t> parse_date(std::string_view text,
                                                         Timestamp entry,
                                                         LastDate& last) const;

    Date date_ = Date::kIso;
    char date_separator_ = '-';
    char time_separator_ = 'T';
    char point_ = '.';
    std::uint8_t digits_ = 0;
    bool trimmed_ = false;
    std::string suffix_;
};

}  // namespace logi::block
