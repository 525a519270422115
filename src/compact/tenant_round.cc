#include "compact/tenant_round.h"

#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "ingest/segment_cache.h"

#include <utility>

namespace logi::compact {
namespace {

// Segments whose directories one step reads at most.
constexpr int kOpenedPerStep = 16;
// Of pages of their directories; a merge holds those of its inputs.
constexpr std::size_t kPagesBytesMax = 16U << 20U;

// Worth another try in the next round.
bool passes(const Status& status) {
    return absl::IsUnavailable(status);
}

std::vector<std::string> keys_of(const std::vector<catalog::SegmentInfo>& segments) {
    std::vector<std::string> keys;
    for (const auto& s : segments) {
        keys.push_back(s.key);
    }
    return keys;
}

}  // namespace

CompactorMetrics::CompactorMetrics(base::Registry& registry)
    : compactions(registry.counter("logi_compactions_total", "Merged segments committed.")),
      failures(registry.counter("logi_compaction_failures_total", "Merges that failed.")),
      bytes_in(registry.counter("logi_compaction_read_bytes_total",
                                "Bytes of segments that were merged.")),
      bytes_out(registry.counter("logi_compaction_written_bytes_total",
                                 "Bytes of segments that merging wrote.")),
      blocks_copied(registry.counter(
          "logi_compaction_blocks_total", "Blocks of merged segments.", {{"how", "copied"}})),
      blocks_encoded(registry.counter(
          "logi_compaction_blocks_total", "Blocks of merged segments.", {{"how", "encoded"}})),
      duplicates(registry.counter("logi_compaction_duplicates_total",
                                  "Entries dropped as equal to another when merging.")),
      removed_rows(
          registry.counter("logi_compaction_removed_entries_total",
                           "Entries that merging left out as deleted or past their retention.")),
      expired_segments(registry.counter("logi_expired_segments_total",
                                        "Segments removed whole as past their retention.")) {}

void TenantMemory::forget_others(const catalog::Snapshot& snapshot) {
    absl::flat_hash_set<std::string> living;
    for (const auto& s : snapshot.segments) {
        living.insert(s.key);
    }
    absl::erase_if(broken, [&](const auto& key) { return !living.contains(key); });
    absl::erase_if(kept_checked, [&](const auto& item) { return !living.contains(item.first); });
}

TenantRound::TenantRound(const RoundDeps& deps,
                         std::shared_ptr<ingest::Tenant> tenant,
                         TenantMemory& memory,
                         Timestamp now,
                         bool expire)
    : deps_(deps),
      tenant_(std::move(tenant)),
      memory_(memory),
      now_(now),
      deleting_(deps.store.limits().of(tenant_->name())->limits.deletion_mode ==
                "filter-and-delete"),
      pages_(std::make_shared<segment::PageCache>(kPagesBytesMax)) {
    if (expire) {
        retention_ = deps_.store.kept(tenant_->name(), now);
    }
}

bool TenantRound::step() {
    StatusOr<bool> more = true;
    opened_ = 0;
    if (!prepared_) {
        prepared_ = true;
        if (const Status s = prepare(); !s.ok()) {
            more = s;
        }
    } else if (job_ != nullptr) {
        if (const Status s = continue_job(); !s.ok()) {
            more = s;
        }
    } else {
        more = start_next();
        if (more.ok() && !*more) {
            if (const Status s = end(); !s.ok()) {
                more = s;
            }
        }
    }
    if (!more.ok()) {
        job_ = nullptr;
        base::log_warn(
            "compaction of a tenant is put off to the next round",
            {{"tenant", tenant_->name()}, {"error", std::string(more.status().message())}});
        return false;
    }
    return *more;
}

Status TenantRound::prepare() {
    tenant_->catalog().remove_retired();
    const auto snapshot = tenant_->catalog().snapshot();
    memory_.forget_others(*snapshot);
    deps_.deletes.forget_clean(tenant_->name(), *snapshot);
    left_out_ = memory_.broken;
    return deleting_ ? deps_.deletes.make_due(*tenant_) : absl::OkStatus();
}

Status TenantRound::end() {
    tenant_->catalog().remove_retired();
    return deleting_ ? deps_.deletes.end_done(*tenant_) : absl::OkStatus();
}

StatusOr<bool> TenantRound::start_next() {
    const auto snapshot = tenant_->catalog().snapshot();
    if (const auto rules = tenant_->delete_rules().of(*snapshot); !rules->broken.empty()) {
        // What is written now would count as having applied it.
        return absl::FailedPreconditionError(
            absl::StrCat("delete request ", rules->broken.front(), " cannot be understood"));
    }
    LOGI_ASSIGN_OR_RETURN(const bool dropped, drop_expired(*snapshot));
    if (dropped) {
        return true;
    }
    Segments inputs = plan_merge(*snapshot, left_out_, now_, deps_.plan);
    for (const auto& segment : snapshot->segments) {
        if (!inputs.empty()) {
            break;
        }
        if (left_out_.contains(segment.key)) {
            continue;
        }
        if (opened_ >= kOpenedPerStep) {
            return true;  // the next step goes on from here
        }
        const auto needed = needs_rewrite(segment, *snapshot);
        if (!needed.ok()) {
            leave_out(segment, needed.status());
        } else if (*needed) {
            inputs.push_back(segment);
        }
    }
    if (inputs.empty()) {
        return false;
    }
    LOGI_RETURN_IF_ERROR(start(std::move(inputs), *snapshot));
    return true;
}

// Whole segments need not be read.
StatusOr<bool> TenantRound::drop_expired(const catalog::Snapshot& snapshot) {
    if (retention_.empty()) {
        return false;
    }
    Timestamp all_kept_from = Timestamp::max();
    for (const auto& rule : retention_) {
        all_kept_from = std::min(all_kept_from, rule.kept_from);
    }
    std::vector<std::string> expired;
    for (const auto& s : snapshot.segments) {
        if (s.known() && s.max_time < all_kept_from) {
            expired.push_back(s.key);
        }
    }
    if (expired.empty()) {
        return false;
    }
    LOGI_RETURN_IF_ERROR(tenant_->catalog().replace({expired, {}}));
    deps_.metrics.expired_segments.add(static_cast<double>(expired.size()));
    deps_.store.forget_segments(*tenant_, expired);
    return true;
}

StatusOr<bool> TenantRound::needs_rewrite(const catalog::SegmentInfo& segment,
                                          const catalog::Snapshot& snapshot) {
    LOGI_ASSIGN_OR_RETURN(const bool expired, holds_expired(segment));
    return expired ? true : holds_deleted(segment, snapshot);
}

StatusOr<std::shared_ptr<const segment::SegmentReader>> TenantRound::open(
    const catalog::SegmentInfo& segment) {
    ++opened_;
    return ingest::open_segment(deps_.store.bucket(), segment, pages_);
}

// A segment is written again once it is past a rule's time as a whole, and no more often.
StatusOr<bool> TenantRound::holds_expired(const catalog::SegmentInfo& segment) {
    std::size_t passed = 0;
    for (const auto& rule : retention_) {
        passed += segment.max_time < rule.kept_from ? 1U : 0U;
    }
    std::size_t& checked = memory_.kept_checked[segment.key];
    if (!segment.known() || passed <= checked) {
        return false;
    }
    LOGI_ASSIGN_OR_RETURN(const auto source, open(segment));
    Timestamp kept_from = Timestamp::min();
    for (const auto& rule : retention_) {
        kept_from = std::max(kept_from, rule.kept_from);
    }
    LOGI_ASSIGN_OR_RETURN(segment::Selection shown,
                          source->select({}, Timestamp::min(), kept_from));
    const std::size_t all = shown.extents().size();
    exec::Hiding hiding;
    hiding.retention = retention_;
    exec::hide(shown, hiding);
    checked = passed;
    return shown.extents().size() < all;
}

StatusOr<bool> TenantRound::holds_deleted(const catalog::SegmentInfo& segment,
                                          const catalog::Snapshot& snapshot) {
    std::shared_ptr<const segment::SegmentReader> source;
    const auto rules = tenant_->delete_rules().of(snapshot);  // none is broken: start_next()
    for (const auto& request : snapshot.deletes) {
        if (!deleting_ || !request.due() ||
            !deps_.deletes.may_hold(tenant_->name(), segment, request)) {
            continue;
        }
        if (source == nullptr) {
            LOGI_ASSIGN_OR_RETURN(source, open(segment));
        }
        const exec::HideRule& rule = *rules->by_id.at(request.id);
        LOGI_ASSIGN_OR_RETURN(const segment::Selection touched,
                              source->select(rule.matchers, rule.first, rule.last));
        if (!touched.extents().empty()) {
            return true;
        }
        deps_.deletes.note_clean(tenant_->name(), segment.key, request.id);
    }
    return false;
}

StatusOr<Merge::Source> TenantRound::read_input(
    const catalog::SegmentInfo& segment, const std::shared_ptr<segment::SweepBudget>& budget) {
    ++opened_;
    LOGI_ASSIGN_OR_RETURN(auto bytes, ingest::segment_file(deps_.store.bucket(), segment));
    auto swept = std::make_shared<segment::SweptFile>(std::move(bytes), budget);
    LOGI_ASSIGN_OR_RETURN(auto opened, segment::SegmentReader::open(swept, segment.key, pages_));
    return Merge::read(std::move(opened), std::move(swept));
}

Status TenantRound::start(Segments inputs, const catalog::Snapshot& snapshot) {
    Merge::Inputs opened;
    const auto budget = std::make_shared<segment::SweepBudget>();
    for (const auto& info : inputs) {
        auto input = read_input(info, budget);
        if (!input.ok()) {
            leave_out(info, input.status());
            return absl::OkStatus();
        }
        opened.push_back(*std::move(input));
    }
    const auto rules = tenant_->delete_rules().of(snapshot);
    exec::Hiding hiding;
    if (deleting_) {
        hiding.rules = rules->due;
    }
    hiding.retention = retention_;
    auto merge = Merge::make(opened, hiding, rules->pending);
    if (!merge.ok()) {
        return give_up(inputs, std::nullopt, merge.status());
    }
    job_ = std::make_unique<Job>(Job{std::move(inputs), snapshot.number, *std::move(merge)});
    return absl::OkStatus();
}

Status TenantRound::continue_job() {
    const auto more = job_->merge->step();
    Status status = more.status();
    if (more.ok() && *more) {
        return absl::OkStatus();
    }
    if (more.ok()) {
        status = commit_job();
    }
    const auto job = std::exchange(job_, nullptr);
    return status.ok() ? status
                       : give_up(job->inputs,
                                 job->merge == nullptr ? std::nullopt : job->merge->failed_input(),
                                 status);
}

Status TenantRound::commit_job() {
    LOGI_ASSIGN_OR_RETURN(Merged merged, job_->merge->finish());
    job_->merge = nullptr;
    const MergeCounts& counts = merged.counts;
    if (job_->inputs.size() == 1 && counts.hidden == 0 && counts.duplicates == 0 &&
        job_->inputs.front().known()) {
        note_unchanged(*job_);
        return absl::OkStatus();
    }
    catalog::ReplaceCommit commit{keys_of(job_->inputs), {}};
    if (!merged.bytes.empty()) {
        merged.info.key = tenant_->catalog().new_merged_key();
        merged.info.deletes_applied_on = job_->made_on;
        if (!deleting_) {
            for (const auto& input : job_->inputs) {
                merged.info.deletes_applied_on =
                    std::min(merged.info.deletes_applied_on, input.deletes_applied_on);
            }
        }
        if (const Status s = deps_.store.bucket().put(merged.info.key, merged.bytes); !s.ok()) {
            deps_.store.bucket().remove(merged.info.key).IgnoreError();  // or at the next start
            return s;
        }
        commit.outputs.push_back(merged.info);
    }
    const Status status = tenant_->catalog().replace(commit);
    if (absl::IsFailedPrecondition(status)) {
        return absl::UnavailableError(status.message());
    }
    LOGI_RETURN_IF_ERROR(status);
    deps_.store.forget_segments(*tenant_, commit.inputs);
    deps_.metrics.compactions.add();
    for (const auto& input : job_->inputs) {
        deps_.metrics.bytes_in.add(static_cast<double>(input.size_bytes));
    }
    deps_.metrics.bytes_out.add(static_cast<double>(merged.bytes.size()));
    deps_.metrics.blocks_copied.add(static_cast<double>(counts.blocks_copied));
    deps_.metrics.blocks_encoded.add(static_cast<double>(counts.blocks_encoded));
    deps_.metrics.duplicates.add(static_cast<double>(counts.duplicates));
    deps_.metrics.removed_rows.add(static_cast<double>(counts.hidden));
    base::log_debug("segments merged",
                    {{"tenant", tenant_->name()},
                     {"inputs", std::to_string(commit.inputs.size())},
                     {"key", merged.info.key},
                     {"rows", std::to_string(merged.info.rows)},
                     {"duplicates", std::to_string(counts.duplicates)},
                     {"removed", std::to_string(counts.hidden)},
                     {"copied", std::to_string(counts.blocks_copied)},
                     {"encoded", std::to_string(counts.blocks_encoded)}});
    tenant_->catalog().remove_retired();
    return absl::OkStatus();
}

// All its rows were looked at, and none was to go.
void TenantRound::note_unchanged(const Job& job) {
    const auto snapshot = tenant_->catalog().snapshot();
    for (const auto& request : snapshot->deletes) {
        if (request.due() && request.due_on <= job.made_on) {
            deps_.deletes.note_clean(tenant_->name(), job.inputs.front().key, request.id);
        }
    }
}

Status TenantRound::give_up(const Segments& inputs,
                            std::optional<std::size_t> failed,
                            const Status& status) {
    if (failed.has_value()) {
        leave_out(inputs[*failed], status);
        return absl::OkStatus();
    }
    if (passes(status)) {
        return status;
    }
    for (const auto& input : inputs) {
        leave_out(input, status);
    }
    return absl::OkStatus();
}

void TenantRound::leave_out(const catalog::SegmentInfo& segment, const Status& status) {
    left_out_.insert(segment.key);
    if (!passes(status)) {
        memory_.broken.insert(segment.key);
    }
    deps_.metrics.failures.add();
    base::log_error(passes(status) ? "a segment is left out of this round of compaction"
                                   : "a segment cannot be merged; it stays as it is",
                    {{"tenant", tenant_->name()},
                     {"key", segment.key},
                     {"error", std::string(status.message())}});
}

}  // namespace logi::compact
