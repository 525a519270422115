// How far the entries of one source are delivered: everything before a position has arrived at
// every client, or was meant to go nowhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>

namespace logi::agent {

// On one strand. Entries of a source that went into the same batches are one run.
class Progress {
  public:
    // Called with each new position.
    using OnDelivered = std::function<void(std::uint64_t position)>;
    Progress(std::uint64_t start, OnDelivered on_delivered)
        : delivered_(start), on_delivered_(std::move(on_delivered)) {}

    [[nodiscard]] std::uint64_t delivered() const { return delivered_; }
    // Whether nothing is under way.
    [[nodiscard]] bool idle() const { return runs_.empty(); }

    // The run that an entry before `position` belongs to; a new one whenever `generation`, which
    // changes when any batch is closed, is another than before. `opened` tells so.
    std::uint64_t run_for(std::uint64_t position, std::uint64_t generation, bool& opened);
    // One batch more holds entries of the newest run.
    void hold() { ++runs_.back().batches; }
    // A batch with entries of that run has arrived, or was given up.
    void release(std::uint64_t run);
    // What lies before `position` goes nowhere.
    void skip(std::uint64_t position);

  private:
    struct Run {
        std::uint64_t position = 0;
        std::uint64_t generation = 0;
        std::size_t batches = 0;
    };
    void advance(std::uint64_t position);

    std::deque<Run> runs_;
    std::uint64_t first_run_ = 0;  // the number of runs_.front()
    std::uint64_t delivered_;
    OnDelivered on_delivered_;
};

}  // namespace logi::agent
