#include "agent/client/progress.h"

#include <algorithm>

namespace logi::agent {

std::uint64_t Progress::run_for(std::uint64_t position, std::uint64_t generation, bool& opened) {
    opened = runs_.empty() || runs_.back().generation != generation;
    if (opened) {
        runs_.push_back({position, generation, 0});
    }
    runs_.back().position = std::max(runs_.back().position, position);
    return first_run_ + runs_.size() - 1;
}

void Progress::release(std::uint64_t run) {
    --runs_[run - first_run_].batches;
    std::uint64_t position = delivered_;
    while (!runs_.empty() && runs_.front().batches == 0) {
        position = std::max(position, runs_.front().position);
        runs_.pop_front();
        ++first_run_;
    }
    advance(position);
}

void Progress::skip(std::uint64_t position) {
    if (runs_.empty()) {
        advance(position);
    } else {
        runs_.back().position = std::max(runs_.back().position, position);
    }
}

void Progress::advance(std::uint64_t position) {
    if (position > delivered_) {
        delivered_ = position;
        on_delivered_(position);
    }
}

}  // namespace logi::agent
