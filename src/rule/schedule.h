// When groups are evaluated.
#pragma once

#include "base/time.h"
#include "rule/group.h"

namespace logi::rule {

// The first time after `after` at which the group is due: times are the interval apart, and groups
// are spread over it by their names, so that every process and every run has the same ones.
[[nodiscard]] Timestamp next_time(const GroupKey& key, Duration interval, Timestamp after);

}  // namespace logi::rule
