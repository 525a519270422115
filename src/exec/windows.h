// Cuts time into cells so that every window of a range aggregation is a run of whole cells: a
// sample is added to one cell, however many windows overlap there.
//
// The window of step t is (t - range - offset, t - offset]. With range <= step the cell of a step
// is its window, and samples between windows belong to none. With range > step the steps cut time
// into cells of one step; where the range is no multiple of the step each is cut once more, at the
// place where windows begin. Cells that every window holds are one.
#pragma once

#include "exec/steps.h"

#include <optional>

namespace logi::exec {

class Windows {
  public:
    Windows(Steps steps, Duration range, Duration offset);
    // The same cells with only the samples from `first` to `last`, both included.
    [[nodiscard]] Windows within(Timestamp first, Timestamp last) const;

    // The cell of a sample; nothing if no window holds it.
    [[nodiscard]] std::optional<std::uint32_t> cell(Timestamp time) const;
    // The cells of a step's window, both included.
    [[nodiscard]] std::uint32_t first_cell(std::size_t step) const;
    [[nodiscard]] std::uint32_t last_cell(std::size_t step) const;
    // One more than any cell's number.
    [[nodiscard]] std::uint32_t cells() const { return last_cell(steps_.count - 1) + 1; }
    // Times whose samples count, both included; nothing before the first window or after the last.
    [[nodiscard]] Timestamp first_time() const { return first_time_; }
    [[nodiscard]] Timestamp last_time() const { return last_time_; }
    // Whether all times from `a` to `b` are in one cell; then that cell.
    [[nodiscard]] std::optional<std::uint32_t> common_cell(Timestamp a, Timestamp b) const;
    // Whether each window is one cell.
    [[nodiscard]] bool disjoint() const { return disjoint_; }

    [[nodiscard]] const Steps& steps() const { return steps_; }
    [[nodiscard]] double range_seconds() const { return static_cast<double>(range_.ns) / 1e9; }

  private:
    // The number of a cell once those that every window holds have become one.
    [[nodiscard]] std::uint32_t joined(std::int64_t cell) const;

    Steps steps_;
    Duration range_;
    Duration offset_;
    bool disjoint_ = false;
    std::int64_t rest_ns_ = 0;       // range % step
    std::int64_t whole_steps_ = 0;   // range / step
    std::int64_t shared_cell_ = 0;   // the cell that every window holds, if there is one
    std::int64_t joined_cells_ = 0;  // how many cells more it stands for
    Timestamp first_time_;
    Timestamp last_time_;
};

}  // namespace logi::exec
