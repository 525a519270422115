#include "template/zone.h"

#include "absl/strings/str_cat.h"
#include "base/mutex.h"

#include <date/tz.h>

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <utility>

namespace logi::tmpl {
namespace {

constexpr std::size_t kFixedZonesMax = 500;
// The tz library counts in years that fit 16 bits; outside, the rules at the edge hold.
constexpr std::int64_t kRulesSecondsMax = std::int64_t{10'000} * 366 * 86'400;

const date::time_zone* find_rules(std::string_view name) {
    try {
        return date::locate_zone(std::string(name));
    } catch (const std::exception&) {
        return nullptr;
    }
}

// Names that the file system must not see.
bool is_zone_name(std::string_view name) {
    return !name.empty() && name.front() != '/' && name.front() != '\\' &&
           name.find("..") == std::string_view::npos;
}

}  // namespace

struct Zone::Period {
    std::int64_t begin = std::numeric_limits<std::int64_t>::min();
    std::int64_t end = std::numeric_limits<std::int64_t>::max();
    Offset offset;
};

Zone::Zone(const void* rules, Offset fixed_offset)
    : rules_(rules), fixed_(std::move(fixed_offset)) {}

// All zones of the process; there are only so many names.
class ZoneTable {
  public:
    static ZoneTable& instance() {
        static ZoneTable* const table = new ZoneTable;
        return *table;
    }

    const Zone* find(std::string_view name) {
        const base::MutexLock lock(mutex_);
        if (const auto it = named_.find(name); it != named_.end()) {
            return it->second.get();
        }
        const date::time_zone* const rules = is_zone_name(name) ? find_rules(name) : nullptr;
        if (rules == nullptr) {
            return nullptr;
        }
        return add(named_, std::string(name), rules, {});
    }

    const Zone* fixed(std::string_view name, std::int32_t offset_seconds) {
        const base::MutexLock lock(mutex_);
        std::string key = absl::StrCat(offset_seconds, " ", std::string(name));
        if (const auto it = fixed_.find(key); it != fixed_.end()) {
            return it->second.get();
        }
        if (fixed_.size() >= kFixedZonesMax) {
            return nullptr;
        }
        return add(fixed_, std::move(key), nullptr, {offset_seconds, std::string(name)});
    }

    const Zone* utc() const { return utc_.get(); }

  private:
    using Zones = std::map<std::string, std::unique_ptr<Zone>, std::less<>>;

    static const Zone* add(Zones& zones,
                           std::string key,
                           const void* rules,
                           Zone::Offset fixed_offset) {
        auto zone = std::unique_ptr<Zone>(new Zone(rules, std::move(fixed_offset)));
        return zones.emplace(std::move(key), std::move(zone)).first->second.get();
    }

    base::Mutex mutex_;
    std::unique_ptr<Zone> utc_{new Zone(nullptr, {0, "UTC"})};
    Zones named_ LOGI_GUARDED_BY(mutex_);
    Zones fixed_ LOGI_GUARDED_BY(mutex_);
};

const Zone* Zone::utc() {
    return ZoneTable::instance().utc();
}

const Zone* Zone::local() {
    static const Zone* const zone = [] {
        const char* const name = std::getenv("TZ");
        const Zone* const found = name == nullptr ? nullptr : find(name);
        return found != nullptr ? found : utc();
    }();
    return zone;
}

const Zone* Zone::find(std::string_view name) {
    if (name.empty() || name == "UTC") {
        return utc();
    }
    return name == "Local" ? local() : ZoneTable::instance().find(name);
}

const Zone* Zone::fixed(std::string_view name, std::int32_t offset_seconds) {
    return ZoneTable::instance().fixed(name, offset_seconds);
}

Zone::Period Zone::period_at(std::int64_t seconds) const {
    if (rules_ == nullptr) {
        return {.offset = fixed_};
    }
    const auto clamped = std::clamp(seconds, -kRulesSecondsMax, kRulesSecondsMax);
    try {
        const auto info = static_cast<const date::time_zone*>(rules_)->get_info(
            date::sys_seconds(std::chrono::seconds(clamped)));
        return {info.begin.time_since_epoch().count(),
                info.end.time_since_epoch().count(),
                {static_cast<std::int32_t>(info.offset.count()), info.abbrev}};
    } catch (const std::exception&) {
        return {.offset = {0, "UTC"}};  // the zone's file could not be read
    }
}

Zone::Offset Zone::at(std::int64_t seconds) const {
    return period_at(seconds).offset;
}

std::int64_t Zone::to_utc(std::int64_t local_seconds) const {
    const Period guess = period_at(local_seconds);
    if (guess.offset.seconds == 0) {
        return local_seconds;
    }
    const std::int64_t utc_seconds = local_seconds - guess.offset.seconds;
    if (utc_seconds >= guess.begin && utc_seconds < guess.end) {
        return utc_seconds;
    }
    return local_seconds - period_at(utc_seconds).offset.seconds;
}

std::optional<std::int32_t> Zone::offset_of(std::string_view abbreviation,
                                            std::int64_t local_seconds) const {
    constexpr std::int64_t kHalfYearSeconds = 183 * 86'400;
    for (const std::int64_t shift : {std::int64_t{0}, kHalfYearSeconds, -kHalfYearSeconds}) {
        const Offset offset = at(local_seconds + shift);
        if (offset.abbreviation == abbreviation) {
            return offset.seconds;
        }
    }
    return std::nullopt;
}

}  // namespace logi::tmpl
