#include "exec/windows.h"

#include <algorithm>

namespace logi::exec {

Windows::Windows(Steps steps, Duration range, Duration offset)
    : steps_(steps),
      range_(range),
      offset_(offset),
      disjoint_(range <= steps.step || steps.count == 1),
      rest_ns_(range.ns % steps.step.ns),
      whole_steps_(range.ns / steps.step.ns) {
    // The cells from the one where the last window begins to the one where the first ends are in
    // every window. They are one, so that there are never more than a few cells for each step.
    const auto count = static_cast<std::int64_t>(steps.count);
    const std::int64_t kept = std::min(whole_steps_, rest_ns_ == 0 ? count : count - 1);
    shared_cell_ = rest_ns_ == 0 ? count - 1 : 2 * count - 1;
    joined_cells_ = (whole_steps_ - kept) * (rest_ns_ == 0 ? 1 : 2);
    first_time_ = steps_.first - offset_ - range_ + Duration{1};
    last_time_ = steps_.last() - offset_;
}

Windows Windows::within(Timestamp first, Timestamp last) const {
    Windows part = *this;
    part.first_time_ = std::max(first, first_time_);
    part.last_time_ = std::min(last, last_time_);
    return part;
}

std::optional<std::uint32_t> Windows::cell(Timestamp time) const {
    if (time < first_time() || time > last_time()) {
        return std::nullopt;
    }
    if (steps_.count == 1) {
        return 0;
    }
    // Distance to the first step; the step at or after it is that rounded up.
    const std::int64_t distance = (time + offset_ - steps_.first).ns;
    std::int64_t step = distance / steps_.step.ns;
    if (step * steps_.step.ns < distance) {
        ++step;
    }
    const std::int64_t before_step = step * steps_.step.ns - distance;
    if (disjoint_) {
        if (before_step >= range_.ns) {
            return std::nullopt;
        }
        return static_cast<std::uint32_t>(step);
    }
    const std::int64_t shifted = step + whole_steps_;  // the first cell of all is number 0 or 1
    return joined(rest_ns_ == 0 ? shifted - 1 : 2 * shifted + (before_step < rest_ns_ ? 1 : 0));
}

std::uint32_t Windows::joined(std::int64_t cell) const {
    return static_cast<std::uint32_t>(
        cell <= shared_cell_ ? cell : std::max(shared_cell_, cell - joined_cells_));
}

std::uint32_t Windows::first_cell(std::size_t step) const {
    if (disjoint_) {
        return static_cast<std::uint32_t>(step);
    }
    return static_cast<std::uint32_t>(rest_ns_ == 0 ? step : 2 * step + 1);
}

std::uint32_t Windows::last_cell(std::size_t step) const {
    if (disjoint_) {
        return static_cast<std::uint32_t>(step);
    }
    const auto shifted = static_cast<std::int64_t>(step) + whole_steps_;
    return joined(rest_ns_ == 0 ? shifted - 1 : 2 * shifted + 1);
}

std::optional<std::uint32_t> Windows::common_cell(Timestamp a, Timestamp b) const {
    const auto first = cell(a);
    return first.has_value() && first == cell(b) ? first : std::nullopt;
}

}  // namespace logi::exec
