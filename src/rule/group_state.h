// How a group is: what its rules found out last, and their alerts. It is kept in the bucket, so
// that alerts go on where they were when a process ends, or another takes the group over.
//
//   rule-state/<tenant>/<namespace>/<group>
#pragma once

#include "base/status.h"
#include "rule/alert.h"
#include "rule/group.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace logi::rule {

enum class Health : std::uint8_t { kUnknown, kOk, kError };

// unknown, ok, err
[[nodiscard]] const char* name_of(Health health);

struct RuleStatus {
    Health health = Health::kUnknown;
    std::string last_error;
    std::optional<Timestamp> last_evaluation;
    Duration took;
    std::vector<Alert> alerts;  // resolved ones, too

    [[nodiscard]] AlertState state() const;
};

struct GroupStatus {
    GroupKey key;
    Group group;
    Duration interval;
    std::optional<Timestamp> last_evaluation;
    Duration took;
    std::vector<RuleStatus> rules;  // as in the group
};

[[nodiscard]] std::string state_key(const GroupKey& key);
[[nodiscard]] std::string encode_state(const GroupStatus& status);
// Fills in what is known of the group's rules: those that are still the same, but for how long they
// wait and their annotations. kDataLoss for what is no state.
Status decode_state(const std::string& object, GroupStatus& status);

// Equal if nothing has happened that is worth keeping: values and times of evaluation aside.
[[nodiscard]] std::uint64_t digest_of(const GroupStatus& status);

}  // namespace logi::rule
