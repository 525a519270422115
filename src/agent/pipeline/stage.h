// One stage of a pipeline: looks at an entry, changes it, drops it, or holds it back.
#pragma once

#include "agent/pipeline/entry.h"
#include "base/metrics.h"
#include "io/clock.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace logi::agent {

// What stages of a running agent need; outlives them.
struct StageContext {
    base::Registry& metrics;
    const io::Clock& clock;
    std::string job_name;
};

// kHold: the stage has the entry now, and what it was given holds nothing any more.
enum class Verdict { kPass, kDrop, kHold };

// Each source has stages of its own; what they share is in what made them. One task at a time.
class Stage {
  public:
    virtual ~Stage() = default;
    // With kPass, `entry` goes on; it may be another one than came, which then is held.
    virtual Verdict process(Entry& entry) = 0;

    // Of stages that hold: whether `entry` has become one whose wait is over at `now`, or, with
    // `all`, any that is held.
    virtual bool release(Timestamp now, bool all, Entry& entry) {
        (void)now, (void)all, (void)entry;
        return false;
    }
    // Where the first that is held begins in the source: not to be counted as done.
    [[nodiscard]] virtual std::optional<std::uint64_t> held_from() const { return std::nullopt; }
};

using StageMaker = std::function<std::unique_ptr<Stage>(const StageContext&)>;

}  // namespace logi::agent
