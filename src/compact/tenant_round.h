// One round of compaction over a tenant's segments, in small steps.
#pragma once

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "base/metrics.h"
#include "compact/deletes.h"
#include "compact/merge.h"
#include "compact/plan.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace logi::compact {

struct CompactorMetrics {
    explicit CompactorMetrics(base::Registry& registry);

    base::Counter compactions;
    base::Counter failures;
    base::Counter bytes_in;
    base::Counter bytes_out;
    base::Counter blocks_copied;
    base::Counter blocks_encoded;
    base::Counter duplicates;
    base::Counter removed_rows;
    base::Counter expired_segments;
};

// What rounds remember of a tenant's segments, by key.
struct TenantMemory {
    // These cannot be read, or not merged; they stay as they are.
    absl::flat_hash_set<std::string> broken;
    // How many rules of retention have left nothing of their streams in them.
    absl::flat_hash_map<std::string, std::size_t> kept_checked;

    // Of segments that do not live.
    void forget_others(const catalog::Snapshot& snapshot);
};

struct RoundDeps {
    ingest::Store& store;
    Deletes& deletes;
    const CompactorMetrics& metrics;
    const PlanOptions& plan;
};

// One thread at a time. Everything that deps refer to, and the memory, must outlive it.
class TenantRound {
  public:
    // What is past its retention is removed only with `expire`, as of `now`.
    TenantRound(const RoundDeps& deps,
                std::shared_ptr<ingest::Tenant> tenant,
                TenantMemory& memory,
                Timestamp now,
                bool expire);

    // Does the work of about one block. False when nothing is left to do.
    bool step();

  private:
    using Segments = std::vector<catalog::SegmentInfo>;
    // A merge under way.
    struct Job {
        Segments inputs;
        std::uint64_t made_on = 0;
        std::unique_ptr<Merge> merge;
    };

    Status prepare();
    // False when there is nothing more to start.
    StatusOr<bool> start_next();
    StatusOr<bool> drop_expired(const catalog::Snapshot& snapshot);
    StatusOr<bool> needs_rewrite(const catalog::SegmentInfo& segment,
                                 const catalog::Snapshot& snapshot);
    StatusOr<std::shared_ptr<const segment::SegmentReader>> open(
        const catalog::SegmentInfo& segment);
    StatusOr<bool> holds_expired(const catalog::SegmentInfo& segment);
    StatusOr<bool> holds_deleted(const catalog::SegmentInfo& segment,
                                 const catalog::Snapshot& snapshot);
    StatusOr<Merge::Source> read_input(const catalog::SegmentInfo& segment,
                                       const std::shared_ptr<segment::SweepBudget>& budget);
    Status start(Segments inputs, const catalog::Snapshot& snapshot);
    Status continue_job();
    Status commit_job();
    void note_unchanged(const Job& job);
    // A merge of the inputs failed, by the fault of one of them if `failed` tells which.
    Status give_up(const Segments& inputs, std::optional<std::size_t> failed, const Status& status);
    void leave_out(const catalog::SegmentInfo& segment, const Status& status);
    Status end();

    RoundDeps deps_;
    const std::shared_ptr<ingest::Tenant> tenant_;
    TenantMemory& memory_;
    const Timestamp now_;
    std::vector<exec::KeepRule> retention_;
    const bool deleting_;                        // deletes are applied
    absl::flat_hash_set<std::string> left_out_;  // of this round
    bool prepared_ = false;
    int opened_ = 0;                                   // segments, in this step
    const std::shared_ptr<segment::PageCache> pages_;  // of the segments that are opened
    std::unique_ptr<Job> job_;
};

}  // namespace logi::compact
