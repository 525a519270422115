// What metrics tell of flushes. Loki flushes chunks; what Logi flushes are segments.
#pragma once

#include "base/metrics.h"
#include "base/time.h"
#include "head/flush.h"

namespace logi::ingest {

class FlushMetrics {
  public:
    explicit FlushMetrics(base::Registry& registry);

    // A segment that was written; `age` of the journal whose entries it has.
    void count_written(const head::FlushedSegment& segment, Duration age) const;
    // A generation that was written for that reason.
    void count_flushed(const char* reason) const;

    const base::Counter failures;
    const base::Counter removed_rows;

  private:
    base::Registry& registry_;
    const base::Counter flushes_;
    const base::Counter bytes_;
    const base::Counter duplicates_;
    const base::Histogram size_bytes_;
    const base::Histogram entries_;
    const base::Histogram age_seconds_;
    const base::Histogram span_hours_;
    const base::Histogram ratio_;
};

}  // namespace logi::ingest
