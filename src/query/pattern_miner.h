// Finds what lines have in common: texts such as "took <_> ms".
#pragma once

#include "absl/container/flat_hash_map.h"
#include "base/hash.h"
#include "exec/memory_budget.h"
#include "fields/line_shape.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace logi::query {

struct LinePattern {
    std::string text;
    std::string level;
    std::map<std::int64_t, std::uint64_t> counts;  // lines by bucket
    std::uint64_t lines = 0;
};

// Lines with the same gaps between their words, of one level, are in one cluster if at least half
// of their words are the same or variable in both; words that differ become <_>. Every pattern
// matches, as a line filter, all lines that it counts. What comes out depends on the order in which
// lines are added, on nothing else. One thread at a time.
class PatternMiner {
  public:
    // With more clusters than these, the half with the fewest lines is forgotten.
    static constexpr std::size_t kClustersMax = 1000;

    // The budget must outlive the miner.
    explicit PatternMiner(exec::MemoryBudget& budget) : budget_(budget) {}
    ~PatternMiner();
    PatternMiner(const PatternMiner&) = delete;
    PatternMiner& operator=(const PatternMiner&) = delete;

    // kResourceExhausted: too much memory. Empty lines count for nothing.
    Status add(std::string_view line, std::string_view level, std::int64_t bucket);
    // As if the other one's lines were added here.
    Status add_all(const PatternMiner& other);
    // The patterns with the most lines, those first.
    [[nodiscard]] std::vector<LinePattern> best(std::size_t patterns_max) const;

  private:
    struct Cluster {
        std::string text;         // of a line in it
        fields::LineShape shape;  // views into `text`
        std::string level;
        std::map<std::int64_t, std::uint64_t> counts;
        std::uint64_t lines = 0;
        std::int64_t bytes = 0;
    };

    // The cluster of a shape; it may have to take in the shape, or to be made.
    StatusOr<Cluster*> place(const fields::LineShape& shape,
                             std::string_view line,
                             std::string_view level);
    Cluster* similar(const fields::LineShape& shape);
    StatusOr<Cluster*> make(const fields::LineShape& shape,
                            std::string_view line,
                            std::string_view level);
    Status count(Cluster& cluster, std::int64_t bucket, std::uint64_t lines);
    Status charge(Cluster& cluster, std::int64_t bytes);
    void forget_rare();

    exec::MemoryBudget& budget_;
    std::vector<std::unique_ptr<Cluster>> clusters_;
    absl::flat_hash_map<std::string, std::vector<Cluster*>> by_gaps_;  // level and gaps
    absl::flat_hash_map<base::Hash128, Cluster*> by_line_;  // without what is variable; a cache
    std::string key_;
    fields::LineShape shape_;
};

}  // namespace logi::query
