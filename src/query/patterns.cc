#include "query/patterns.h"

#include "absl/strings/str_cat.h"
#include "base/rfc3339.h"
#include "exec/run_items.h"
#include "fields/level.h"

#include <algorithm>

namespace logi::query {
namespace {

// How many rows of the items are of time `t` or newer, as if each stream's rows in a block were
// evenly spread.
double rows_since(const std::vector<exec::ScanItem>& items, Timestamp t) {
    double rows = 0;
    for (const auto& item : items) {
        for (const auto& e : item.extents) {
            const double length = static_cast<double>((e.max_time - e.min_time).ns) + 1;
            const double newer = static_cast<double>((e.max_time - t).ns) + 1;
            rows += std::clamp(newer / length, 0.0, 1.0) * e.rows;
        }
    }
    return rows;
}

// The first time from which on there are no more than about `lines_max` rows.
Timestamp newest_since(const exec::Selections& selections,
                       const exec::ScanSpec& spec,
                       std::uint64_t lines_max) {
    exec::ScanSpec all = spec;
    all.drop_duplicates = false;
    const exec::Scan scan(selections, std::move(all));
    const auto most = static_cast<double>(lines_max);
    if (rows_since(scan.items(), spec.first) <= most) {
        return spec.first;
    }
    Timestamp too_early = spec.first;
    Timestamp since = spec.last;
    while (since - too_early > Duration{1}) {
        const Timestamp middle = too_early + Duration{(since - too_early).ns / 2};
        (rows_since(scan.items(), middle) <= most ? since : too_early) = middle;
    }
    return since;
}

class PatternScan {
  public:
    PatternScan(exec::Sources sources,
                exec::Selections selections,
                exec::ScanSpec spec,
                Duration step,
                std::int64_t memory_bytes_max,
                io::CancelToken cancel)
        : sources_(std::move(sources)),
          scan_(std::move(selections), std::move(spec)),
          step_seconds_(step.ns / kNanosPerSecond),
          budget_(memory_bytes_max),
          cancel_(std::move(cancel)),
          all_(budget_) {
        std::stable_sort(scan_.items().begin(),
                         scan_.items().end(),
                         [](const auto& a, const auto& b) { return a.max_time > b.max_time; });
    }

    [[nodiscard]] std::size_t items() const { return scan_.items().size(); }

    // Blocks are mined apart and put together in their order, so that threads change no answer. A
    // damaged block is noted and left out.
    Status read(std::size_t i) {
        auto miner = std::make_unique<PatternMiner>(budget_);
        const Status status = mine(i, *miner);
        LOGI_RETURN_IF_ERROR(damage_.note(status));
        if (!status.ok()) {
            miner = std::make_unique<PatternMiner>(budget_);
        }
        const base::MutexLock lock(mutex_);
        waiting_.emplace(i, std::move(miner));
        for (auto it = waiting_.begin(); it != waiting_.end() && it->first == next_; ++next_) {
            LOGI_RETURN_IF_ERROR(all_.add_all(*it->second));
            it = waiting_.erase(it);
        }
        return absl::OkStatus();
    }

    Patterns finish() {
        const base::MutexLock lock(mutex_);
        return {all_.best(kPatternsMax), damage_.list()};
    }

  private:
    Status mine(std::size_t i, PatternMiner& miner) {
        exec::OpenBlock block;
        LOGI_ASSIGN_OR_RETURN(exec::ScanRows rows, scan_.read(scan_.items()[i], block));
        std::vector<MetadataView> metadata;
        for (const std::uint32_t row : rows.rows) {
            LOGI_RETURN_IF_ERROR(cancel_.check());
            LOGI_RETURN_IF_ERROR(rows.block->metadata(row, metadata));
            const auto level = std::find_if(metadata.begin(), metadata.end(), [](const auto& m) {
                return m.name == fields::kDetectedLevel;
            });
            LOGI_ASSIGN_OR_RETURN(const std::string_view line, rows.block->line(row));
            LOGI_RETURN_IF_ERROR(miner.add(line,
                                           level == metadata.end() ? "unknown" : level->value,
                                           bucket_of(rows.times[row])));
        }
        return absl::OkStatus();
    }

    [[nodiscard]] std::int64_t bucket_of(Timestamp time) const {
        const std::int64_t seconds = time.ns / kNanosPerSecond - (time.ns % kNanosPerSecond < 0);
        const std::int64_t into = seconds % step_seconds_;
        return seconds - (into < 0 ? into + step_seconds_ : into);
    }

    exec::Sources sources_;
    exec::Scan scan_;
    const std::int64_t step_seconds_;
    exec::MemoryBudget budget_;
    const io::CancelToken cancel_;
    exec::Damage damage_;
    base::Mutex mutex_;
    PatternMiner all_ LOGI_GUARDED_BY(mutex_);
    std::map<std::size_t, std::unique_ptr<PatternMiner>> waiting_ LOGI_GUARDED_BY(mutex_);
    std::size_t next_ LOGI_GUARDED_BY(mutex_) = 0;
};

}  // namespace

void run_patterns(io::Executor& executor,
                  exec::Sources sources,
                  PatternsRequest request,
                  const Limits& limits,
                  io::CancelToken cancel,
                  std::function<void(StatusOr<Patterns>)> done) {
    exec::ScanSpec spec;
    spec.matchers = std::move(request.matchers);
    spec.first = request.range.start;
    spec.last = request.range.end - Duration{1};
    auto selections = exec::Scan::select(sources, spec);
    if (!selections.ok()) {
        done(selections.status());
        return;
    }
    std::vector<std::string> missing = selections->missing;
    const Timestamp since = newest_since(*selections, spec, request.lines_max);
    if (since != spec.first) {
        missing.push_back(absl::StrCat("only lines since ",
                                       format_rfc3339(since),
                                       " were looked at for patterns: there are too many"));
    }
    spec.first = since;
    const auto scan = std::make_shared<PatternScan>(std::move(sources),
                                                    *std::move(selections),
                                                    std::move(spec),
                                                    request.step,
                                                    limits.max_query_memory_bytes,
                                                    cancel);
    exec::run_items(
        executor,
        scan->items(),
        cancel,
        [scan](std::size_t i) { return scan->read(i); },
        [scan, missing = std::move(missing), done = std::move(done)](const Status& status) {
            if (!status.ok()) {
                done(status);
                return;
            }
            Patterns patterns = scan->finish();
            patterns.missing.insert(patterns.missing.end(), missing.begin(), missing.end());
            done(std::move(patterns));
        });
}

}  // namespace logi::query
