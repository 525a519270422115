// What queries, flushes and compaction ask a store for.
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "base/log.h"
#include "ingest/store.h"

#include <algorithm>

namespace logi::ingest {
namespace {

constexpr std::size_t kOpenedTogether = 256;

// A source that holds what its segment lives by.
struct Held {
    std::shared_ptr<const catalog::Snapshot> snapshot;
    std::shared_ptr<const segment::Source> source;
};

std::shared_ptr<const segment::Source> hold(
    const std::shared_ptr<const catalog::Snapshot>& snapshot,
    std::shared_ptr<const segment::Source> source) {
    const auto held = std::make_shared<const Held>(Held{snapshot, std::move(source)});
    return {held, held->source.get()};
}

// Whatever is kept, nothing before `oldest` is seen.
void hide_older(std::vector<exec::KeepRule>& rules, Timestamp oldest) {
    for (exec::KeepRule& rule : rules) {
        rule.kept_from = std::max(rule.kept_from, oldest);
    }
    rules.push_back({{}, oldest});
}

}  // namespace

std::shared_ptr<Tenant> Store::find_tenant(const std::string& name) const {
    const base::MutexLock lock(mutex_);
    const auto it = tenants_.find(name);
    return it == tenants_.end() ? nullptr : it->second;
}

std::vector<exec::KeepRule> Store::kept(const std::string& tenant, Timestamp now) const {
    return options_.retention_enabled ? limits_.of(tenant)->retention.at(now)
                                      : std::vector<exec::KeepRule>();
}

// Due requests can no longer be cancelled.
Store::Deleted Store::deleted_of(const FlushQueue::Job& job) {
    Deleted deleted;
    const auto snapshot = job.tenant->catalog().snapshot();
    const auto rules = job.tenant->delete_rules().of(*snapshot);
    // What is written would count as having applied a request that cannot be understood.
    if (rules->due.empty() || !rules->broken.empty() ||
        limits_.of(job.tenant->name())->limits.deletion_mode != "filter-and-delete") {
        return deleted;
    }
    exec::Hiding hiding;
    hiding.rules = shared() ? rules_of_head(rules->due, job.generation->journal()) : rules->due;
    auto rows = exec::hidden_rows(*job.generation->view(), hiding);
    if (!rows.ok()) {
        base::log_warn(
            "deleted entries are written all the same, until they are compacted",
            {{"tenant", job.tenant->name()}, {"error", std::string(rows.status().message())}});
        return deleted;
    }
    deleted.rows = *std::move(rows);
    deleted.applied_on = snapshot->number;
    return deleted;
}

exec::Hiding Store::hiding_of(Tenant& tenant,
                              const catalog::Snapshot& snapshot,
                              const std::vector<Matcher>& only) const {
    exec::Hiding hiding;
    hiding.only = only;
    hiding.rules = tenant.delete_rules().of(snapshot)->pending;
    const Timestamp now = deps_.clock.now();
    hiding.retention = kept(tenant.name(), now);
    if (const Duration lookback = limits_.of(tenant.name())->limits.max_query_lookback;
        lookback.ns > 0) {
        hide_older(hiding.retention, now - lookback);
    }
    return hiding;
}

void Store::pin_segments(const std::shared_ptr<const catalog::Snapshot>& snapshot,
                         TimeRange range,
                         const exec::Hiding& hiding,
                         Opening opening,
                         Pinned& pinned) {
    std::vector<const catalog::SegmentInfo*> wanted;
    for (const auto& info : snapshot->segments) {
        if (range.overlaps(info.min_time, info.max_time)) {
            wanted.push_back(&info);
        }
    }
    SegmentCache::Files ahead;
    if (opening == Opening::kNow) {
        ahead = segments_.read_ahead(*bucket_, wanted);
    }
    for (const catalog::SegmentInfo* const wanted_info : wanted) {
        const catalog::SegmentInfo& info = *wanted_info;
        auto source = opening == Opening::kLate ? open_late(segments_, *bucket_, info)
                                                : segments_.open(*bucket_, info, ahead);
        if (source.ok()) {
            pinned.sources.push_back(exec::visible(hold(snapshot, *std::move(source)), hiding));
            pinned.segments.push_back(info);
        } else {
            const std::string why = unreadable_text(info.key, source.status());
            base::log_error("segment is left out of an answer", {{"error", why}});
            pinned.missing.push_back(why);
        }
    }
}

Pinned Store::pin(const std::string& tenant_name,
                  TimeRange range,
                  const std::vector<Matcher>& only,
                  Opening opening,
                  Heads from) {
    if (shared()) {
        return pin_shared(tenant_name, range, only, opening, from);
    }
    Pinned pinned;
    const std::shared_ptr<Tenant> owner = find_tenant(tenant_name);
    if (owner == nullptr) {
        return pinned;
    }
    // Head first, then the snapshot: what leaves the head in between is in the snapshot, and what
    // is in both is left out here.
    std::vector<
        std::pair<std::shared_ptr<head::Generation>, std::shared_ptr<const segment::BlockHolder>>>
        heads;
    for (auto& generation : owner->generations()) {
        auto view = generation->view();
        heads.emplace_back(std::move(generation), std::move(view));
    }
    const auto snapshot = owner->catalog().snapshot();
    const exec::Hiding hiding = hiding_of(*owner, *snapshot, only);
    for (auto& [generation, view] : heads) {
        if (!snapshot->holds(generation->journal(), generation->from()) &&
            !view->blocks().empty()) {
            pinned.sources.push_back(exec::visible(std::move(view), hiding));
        }
    }
    pinned.heads = pinned.sources.size();
    pinned.hiding = hiding;
    pin_segments(snapshot, range, hiding, opening, pinned);
    return pinned;
}

StatusOr<std::vector<std::shared_ptr<const segment::Source>>> Store::open_pinned(
    const std::string& tenant,
    const std::vector<catalog::SegmentInfo>& infos,
    const exec::Hiding& hiding) {
    const std::string folder = catalog::Catalog::segments_folder(tenant);
    for (const catalog::SegmentInfo& info : infos) {
        if (!absl::StartsWith(info.key, folder) ||
            info.key.find('/', folder.size()) != std::string::npos) {
            return absl::InvalidArgumentError(
                absl::StrCat("segment ", info.key, " is not one of tenant ", tenant));
        }
    }
    std::vector<std::shared_ptr<const segment::Source>> sources;
    // So many at a time: whoever made the names up is told so by the first.
    for (std::size_t begin = 0; begin < infos.size(); begin += kOpenedTogether) {
        const auto some = absl::MakeConstSpan(infos).subspan(begin, kOpenedTogether);
        std::vector<const catalog::SegmentInfo*> wanted;
        for (const catalog::SegmentInfo& info : some) {
            wanted.push_back(&info);
        }
        const SegmentCache::Files ahead = segments_.read_ahead(*bucket_, wanted);
        for (const catalog::SegmentInfo& info : some) {
            LOGI_ASSIGN_OR_RETURN(auto source, segments_.open(*bucket_, info, ahead));
            sources.push_back(exec::visible(std::move(source), hiding));
        }
    }
    return sources;
}

std::uint64_t Store::oldest_journal_left() const {
    const base::MutexLock lock(mutex_);
    return journals_.empty() ? UINT64_MAX : journals_.begin()->first;
}

void Store::forget_segments(Tenant& tenant, const std::vector<std::string>& keys) {
    for (const auto& key : keys) {
        segments_.forget(key);
    }
    count_segments(tenant);
}

void Store::count_segments(Tenant& tenant) {
    const base::MutexLock lock(mutex_);
    std::size_t& counted = segments_of_[tenant.name()];
    const std::size_t now = tenant.catalog().snapshot()->segments.size();
    segments_count_ += now - counted;
    counted = now;
    segments_gauge_.set(static_cast<double>(segments_count_));
}

}  // namespace logi::ingest
