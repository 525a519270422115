// Range aggregations: samples of many blocks, read by many threads, to the values of windows.
#pragma once

#include "base/bytes.h"
#include "base/hash.h"
#include "base/status.h"
#include "exec/memory_budget.h"
#include "exec/range_states.h"
#include "exec/steps.h"
#include "exec/windows.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace logi::exec {

// A series within one partial result: numbered from 0 in order of appearance. `key` is the same
// for the same labels in every partial of a query.
struct PartialSeries {
    base::Hash128 key;
    Labels labels;

    // What is charged for it.
    [[nodiscard]] std::int64_t memory_bytes() const;
};

// Samples of one block, added by one thread.
class RangePartial {
  public:
    virtual ~RangePartial() = default;
    virtual void add(std::uint32_t series, std::uint32_t cell, Timestamp time, double value) = 0;
};

class RangeAggregator {
  public:
    virtual ~RangeAggregator() = default;
    // `unwrapped`: the samples are values of a label, not lines. `budget` must outlive it.
    static std::unique_ptr<RangeAggregator> make(const RangeParameters& parameters,
                                                 bool unwrapped,
                                                 const Windows& windows,
                                                 MemoryBudget& budget);

    [[nodiscard]] virtual std::unique_ptr<RangePartial> partial() const = 0;
    // Takes over a partial, whose series these are and are charged for. Thread-safe.
    // kResourceExhausted over budget.
    virtual Status merge(std::unique_ptr<RangePartial> partial,
                         std::vector<PartialSeries> series) = 0;
    // The same for the rest of these bytes, which write() of another aggregator has written,
    // of the same parameters and cells. All of it or, with kDataLoss, or kOutOfRange where there is
    // no room for it, nothing.
    virtual Status merge_written(base::ByteReader& r) = 0;
    // Every series with its values, in no order. Called once, after the last merge.
    virtual StatusOr<StepVector> finish() = 0;
    // Every series with the states of its cells, instead of finish(). kResourceExhausted over
    // budget, kOutOfRange over so many bytes.
    virtual Status write(std::string& out, std::size_t bytes_max) = 0;
};

}  // namespace logi::exec
