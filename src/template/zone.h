// Time zones: UTC, the server's own, those of the tz database, and fixed offsets.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace logi::tmpl {

class Zone {
  public:
    struct Offset {
        std::int32_t seconds = 0;  // east of UTC
        std::string abbreviation;
    };

    // Those live forever. Summer time is known up to 2037.
    static const Zone* utc();
    // The zone that TZ names; UTC without TZ or when it names none.
    static const Zone* local();
    // "Europe/Berlin", "UTC", "Local"; null if there is none of that name.
    static const Zone* find(std::string_view name);
    // An offset without rules; `name` may be empty. At most a few hundred are kept: then null.
    static const Zone* fixed(std::string_view name, std::int32_t offset_seconds);

    // In force at that second since 1970.
    [[nodiscard]] Offset at(std::int64_t seconds) const;
    // The second since 1970 at which clocks of the zone show that local second; of two, and where
    // there is none, as Go decides.
    [[nodiscard]] std::int64_t to_utc(std::int64_t local_seconds) const;
    // The offset that an abbreviation such as CET has in this zone around that local second.
    [[nodiscard]] std::optional<std::int32_t> offset_of(std::string_view abbreviation,
                                                        std::int64_t local_seconds) const;

    Zone(const Zone&) = delete;
    Zone& operator=(const Zone&) = delete;

  private:
    friend class ZoneTable;
    Zone(const void* rules, Offset fixed_offset);
    struct Period;
    [[nodiscard]] Period period_at(std::int64_t seconds) const;

    const void* rules_;  // a date::time_zone, null for fixed offsets
    Offset fixed_;
};

}  // namespace logi::tmpl
