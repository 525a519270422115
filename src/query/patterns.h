// What the lines of some streams have in common, and how many there are of each kind.
#pragma once

#include "exec/scan.h"
#include "io/cancel.h"
#include "io/executor.h"
#include "model/limits.h"
#include "query/pattern_miner.h"

#include <functional>
#include <string>
#include <vector>

namespace logi::query {

// Of more lines than these, the newest are looked at: about as many.
inline constexpr std::uint64_t kPatternLinesMax = 500'000;
inline constexpr std::size_t kPatternsMax = 300;

struct PatternsRequest {
    std::vector<Matcher> matchers;
    TimeRange range;
    Duration step;  // of the counts, which begin at multiples of it
    std::uint64_t lines_max = kPatternLinesMax;
};

struct Patterns {
    std::vector<LinePattern> list;     // those with the most lines first; buckets are in seconds
    std::vector<std::string> missing;  // damaged blocks, and lines that are too old
};

// Runs as tasks on the executor, which must outlive it; `done` is called once. Reads lines where
// they are stored, so what was just pushed counts. kResourceExhausted: too much memory; kCancelled.
void run_patterns(io::Executor& executor,
                  exec::Sources sources,
                  PatternsRequest request,
                  const Limits& limits,
                  io::CancelToken cancel,
                  std::function<void(StatusOr<Patterns>)> done);

}  // namespace logi::query
