// Times as log lines write them, read where one may begin.
#pragma once

#include "base/time.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace logi::tmpl {
class Zone;
}

namespace logi::local {

enum class TimeForm : std::uint8_t {
    kIso,      // 2024-03-17T10:00:00.123+01:00, 2024-03-17 10:00:00,123, 2024/03/17 10:00:00
    kClf,      // 17/Mar/2024:10:00:00 +0100
    kRfc1123,  // Sun, 17 Mar 2024 10:00:00 GMT, 17 Mar 2024 10:00:00.123
    kAnsi,     // Sun Mar 17 10:00:00.123 2024
    kSyslog,   // Mar 17 10:00:00
    kCompact,  // 20240317T100000Z, 20240317 10:00:00
    kKlog,     // I0317 10:00:00.123456
    kUnix      // seconds, perhaps with a fraction, or milli-, micro- or nanoseconds since 1970
};
inline constexpr std::array<TimeForm, 8> kTimeForms = {TimeForm::kIso,
                                                       TimeForm::kClf,
                                                       TimeForm::kRfc1123,
                                                       TimeForm::kAnsi,
                                                       TimeForm::kSyslog,
                                                       TimeForm::kCompact,
                                                       TimeForm::kKlog,
                                                       TimeForm::kUnix};
// As messages call it.
[[nodiscard]] std::string_view name_of(TimeForm form);

// Remembers what it has found out of the zone. One thread.
class TimeText {
  public:
    // Times that tell no zone are in `zone`. One without a year is in the last year in which it is
    // not more than a day after `reference`.
    TimeText(const tmpl::Zone* zone, Timestamp reference) : zone_(zone), reference_(reference) {}

    // The time that the text begins with; what follows does not matter, unless it is more of a word
    // or a number.
    std::optional<Timestamp> read(TimeForm form, std::string_view text);

  private:
    struct Civil;
    std::optional<Timestamp> timestamp(const Civil& time);
    std::int64_t to_utc(std::int64_t local_seconds);
    static std::optional<Timestamp> read_unix(std::string_view text);

    const tmpl::Zone* zone_;
    Timestamp reference_;
    std::int64_t slot_ = INT64_MIN;  // a quarter of an hour in which the zone's offset is one
    std::int64_t slot_offset_ = 0;
};

}  // namespace logi::local
