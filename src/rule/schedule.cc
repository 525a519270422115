#include "rule/schedule.h"

#include "absl/strings/str_cat.h"
#include "base/hash.h"

namespace logi::rule {

Timestamp next_time(const GroupKey& key, Duration interval, Timestamp after) {
    const std::uint64_t hash =
        base::hash64(absl::StrCat(key.tenant, "\n", key.name_space, "\n", key.group));
    // Whole milliseconds, as others keep times of samples.
    const auto interval_ms = static_cast<std::uint64_t>(interval.ns / kNanosPerMilli);
    const Duration offset = Duration::millis(static_cast<std::int64_t>(hash % interval_ms));
    const std::int64_t past = after.ns - offset.ns;
    const std::int64_t steps = past >= 0 ? past / interval.ns + 1 : -(-past / interval.ns);
    return Timestamp{steps * interval.ns} + offset;
}

}  // namespace logi::rule
