// How long the entries of a stream are kept.
#pragma once

#include "exec/visible_source.h"
#include "model/labels.h"
#include "model/limits.h"

#include <vector>

namespace logi::ingest {

// Immutable, safe from any thread.
class RetentionPolicy {
  public:
    // kInvalidArgument if a selector of retention_stream does not parse, or a period is too short.
    static StatusOr<RetentionPolicy> of(const Limits& limits);

    // Whether anything ends.
    [[nodiscard]] bool any() const;
    // How long entries of a stream with these labels, sorted by name, are kept: whole hours; 0: for
    // ever.
    [[nodiscard]] std::int64_t hours_of(const std::vector<LabelPair>& labels) const;
    // What is kept at that time.
    [[nodiscard]] std::vector<exec::KeepRule> at(Timestamp now) const;

  private:
    struct Rule {
        std::vector<Matcher> matchers;
        std::int64_t priority = 0;
        Duration period;  // 0: for ever
    };
    std::vector<Rule> rules_;  // the first that matches counts
};

}  // namespace logi::ingest
