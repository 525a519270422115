#include "query/log_query.h"

#include "base/bytes.h"
#include "exec/column_filter.h"
#include "exec/pipeline.h"
#include "exec/run_items.h"
#include "logql/printer.h"

#include <optional>
#include <tuple>

namespace logi::query {
namespace {

struct LineCandidate {
    LogRow row;
    Sequence sequence;
    base::Hash128 stored;  // of line and metadata as they are stored: equal entries are one
};

// Takes rows of one block through the pipeline.
class RowReader {
  public:
    RowReader(const exec::Pipeline& pipeline, const exec::ScanRows& rows)
        : pipeline_(pipeline), rows_(rows) {}

    // False if the pipeline drops the row.
    StatusOr<bool> read(std::uint32_t row, LineCandidate& out) {
        const std::uint32_t stream = rows_.streams[row];
        if (labels_ == nullptr || stream != stream_) {
            labels_ = std::make_shared<Labels>(rows_.selection->labels(stream));
            stream_ = stream;
        }
        LOGI_ASSIGN_OR_RETURN(const std::string_view line, rows_.block->line(row));
        LOGI_RETURN_IF_ERROR(rows_.block->metadata(row, pairs_));
        ++got_.lines;
        got_.line_bytes += line.size();
        got_.metadata_bytes += exec::bytes_of(pairs_);
        entry_.labels.begin(*labels_, pairs_);
        entry_.time = rows_.times[row];
        entry_.line = line;
        if (!pipeline_.process(entry_)) {
            return false;
        }
        out.stored = stored_key(line);
        out.row = maker_.make(entry_, labels_);
        out.row.id = rows_.selection->id(stream);
        ++got_.passed_lines;
        return true;
    }

    void count_in(exec::OpenBlock& block) const { block.count(got_); }

  private:
    base::Hash128 stored_key(std::string_view line) {
        key_.clear();
        base::ByteWriter w(key_);
        w.string(line);
        for (const auto& pair : pairs_) {
            w.string(pair.name);
            w.string(pair.value);
        }
        return base::hash128(key_);
    }

    const exec::Pipeline& pipeline_;
    const exec::ScanRows& rows_;
    exec::Entry entry_;
    std::shared_ptr<const Labels> labels_;
    std::uint32_t stream_ = 0;
    exec::ReadCounts got_;
    std::vector<MetadataView> pairs_;
    RowMaker maker_;
    std::string key_;
};

// The same with what it takes to sort it.
std::int64_t bytes_of(const LogRow& row) {
    return static_cast<std::int64_t>(sizeof(LineCandidate) - sizeof(LogRow)) + memory_bytes(row);
}

// The best `limit` rows so far, from blocks that are read in the order of their best time.
class Collector {
  public:
    Collector(exec::Sources sources,
              exec::Selections selections,
              exec::ScanSpec spec,
              std::shared_ptr<const exec::Pipeline> pipeline,
              const Request& request,
              std::shared_ptr<exec::MemoryBudget> memory,
              io::CancelToken cancel)
        : sources_(std::move(sources)),
          scan_(std::move(selections), std::move(spec)),
          pipeline_(std::move(pipeline)),
          memory_(std::move(memory)),
          budget_(memory_.get()),
          cancel_(std::move(cancel)),
          forward_(request.forward),
          limit_(request.limit),
          interval_(request.interval),
          equal_entries_(request.equal_entries) {
        std::sort(scan_.items().begin(), scan_.items().end(), [&](const auto& a, const auto& b) {
            return forward_ ? a.min_time < b.min_time : a.max_time > b.max_time;
        });
    }

    [[nodiscard]] std::size_t items() const { return scan_.items().size(); }

    // A damaged block is noted and left out.
    Status read(std::size_t i) { return damage_.note(read_block(i)); }

    Result finish() {
        Result result;
        const base::MutexLock lock(mutex_);
        const std::int64_t before = held_bytes();
        shrink();
        const Status given_back = budget_.charge(held_bytes() - before);
        Timestamp last;
        std::size_t seen = 0;  // the limit counts before the interval does
        for (auto& c : best_) {
            if (seen++ == limit_) {
                break;
            }
            const Duration distance = forward_ ? c.row.time - last : last - c.row.time;
            if (interval_.ns > 0 && !result.rows.empty() && distance < interval_) {
                continue;
            }
            last = c.row.time;
            result.rows.push_back(std::move(c.row));
        }
        result.missing = scan_.missing();
        for (auto& text : damage_.list()) {
            result.missing.push_back(std::move(text));
        }
        result.stats = scan_.stats();
        result.memory_left_bytes = given_back.ok() ? budget_.left_bytes() : 0;
        budget_.give_all_back();
        return result;
    }

    // Nothing is held any more.
    void give_up() {
        const base::MutexLock lock(mutex_);
        best_.clear();
        budget_.give_all_back();
    }

  private:
    Status read_block(std::size_t i) {
        const exec::ScanItem& item = scan_.items()[i];
        if (cannot_contribute(item)) {
            return absl::OkStatus();
        }
        exec::OpenBlock block;
        LOGI_ASSIGN_OR_RETURN(exec::ScanRows rows, scan_.read(item, block));
        std::vector<LineCandidate> found;
        LOGI_RETURN_IF_ERROR(collect(rows, block, found));
        scan_.add(item, block);
        return merge(std::move(found));
    }

    [[nodiscard]] bool earlier(const LineCandidate& a, const LineCandidate& b) const {
        if (a.row.time != b.row.time || a.row.id != b.row.id) {
            return comes_before(a.row, b.row, forward_);
        }
        return forward_ ? a.sequence < b.sequence : a.sequence > b.sequence;
    }

    bool cannot_contribute(const exec::ScanItem& item) {
        return comes_after(forward_ ? item.min_time : item.max_time, worst());
    }

    // The time of the last row that is in the answer, as far as is known.
    std::optional<Timestamp> worst() {
        const base::MutexLock lock(mutex_);
        return full_ ? std::optional(worst_) : std::nullopt;
    }
    [[nodiscard]] bool comes_after(Timestamp time, std::optional<Timestamp> worst) const {
        return worst.has_value() && (forward_ ? time > *worst : time < *worst);
    }

    // Of one block no more than `limit` rows can be in the answer, and all that tie with the last.
    Status collect(exec::ScanRows& rows,
                   exec::OpenBlock& block,
                   std::vector<LineCandidate>& found) {
        if (rows.rows.empty()) {
            return absl::OkStatus();
        }
        std::stable_sort(rows.rows.begin(), rows.rows.end(), [&](std::uint32_t a, std::uint32_t b) {
            return forward_ ? rows.times[a] < rows.times[b] : rows.times[a] > rows.times[b];
        });
        // Row by row: the first that are good enough are all that is needed.
        LOGI_ASSIGN_OR_RETURN(const auto filter, exec::ColumnFilter::open(*pipeline_, rows));
        RowReader reader(*pipeline_, rows);
        const auto worst_so_far = worst();
        for (const std::uint32_t row : rows.rows) {
            if (comes_after(rows.times[row], worst_so_far)) {
                break;
            }
            if (found.size() >= limit_ && rows.times[row] != found.back().row.time) {
                break;
            }
            LOGI_RETURN_IF_ERROR(cancel_.check());
            if (filter != nullptr) {
                LOGI_ASSIGN_OR_RETURN(const bool may_pass, filter->passes(row));
                if (!may_pass) {
                    continue;
                }
            }
            LineCandidate candidate;
            LOGI_ASSIGN_OR_RETURN(const bool passed, reader.read(row, candidate));
            if (passed) {
                LOGI_ASSIGN_OR_RETURN(const auto sequences, rows.block->sequences());
                candidate.sequence = sequences[row];
                LOGI_RETURN_IF_ERROR(budget_.charge(bytes_of(candidate.row)));
                found.push_back(std::move(candidate));
            }
        }
        reader.count_in(block);
        if (filter != nullptr) {
            filter->count_in(block);
        }
        return absl::OkStatus();
    }

    Status merge(std::vector<LineCandidate> found) {
        const base::MutexLock lock(mutex_);
        std::move(found.begin(), found.end(), std::back_inserter(best_));
        if (best_.size() < (full_ ? 2 * limit_ : limit_)) {
            return absl::OkStatus();
        }
        const std::int64_t before = held_bytes();
        shrink();
        return budget_.charge(held_bytes() - before);
    }

    [[nodiscard]] std::int64_t held_bytes() const LOGI_REQUIRES(mutex_) {
        std::int64_t sum = 0;
        for (const LineCandidate& c : best_) {
            sum += bytes_of(c.row);
        }
        return sum;
    }

    // Sorts, leaves equal entries only once, as the one that arrived first, and forgets what can no
    // longer be among the first `limit_`. Entries of the last one's time stay: a block that is read
    // later may hold an earlier copy of one of them.
    void shrink() LOGI_REQUIRES(mutex_) {
        std::sort(best_.begin(), best_.end(), [&](const LineCandidate& a, const LineCandidate& b) {
            return earlier(a, b);
        });
        if (!equal_entries_) {
            drop_duplicates();
        }
        full_ = best_.size() >= limit_;
        if (full_) {
            worst_ = best_[limit_ - 1].row.time;
            while (best_.back().row.time != worst_) {
                best_.pop_back();
            }
        }
    }

    void drop_duplicates() LOGI_REQUIRES(mutex_) {
        std::size_t kept = 0;
        std::size_t run = 0;  // where entries of this stream and time begin among those kept
        for (std::size_t i = 0; i < best_.size(); ++i) {
            LineCandidate& c = best_[i];
            if (run == kept || best_[run].row.time != c.row.time || best_[run].row.id != c.row.id) {
                run = kept;
            }
            std::size_t same = run;
            while (same < kept && best_[same].stored != c.stored) {
                ++same;
            }
            if (same == kept) {
                if (kept != i) {
                    best_[kept] = std::move(c);
                }
                ++kept;
                continue;
            }
            scan_.add_duplicate();
            if (c.sequence < best_[same].sequence) {
                // Backward, the first to arrive comes last.
                std::rotate(best_.begin() + static_cast<std::ptrdiff_t>(same),
                            best_.begin() + static_cast<std::ptrdiff_t>(same) + 1,
                            best_.begin() + static_cast<std::ptrdiff_t>(kept));
                best_[kept - 1] = std::move(c);
            }
        }
        best_.erase(best_.begin() + static_cast<std::ptrdiff_t>(kept), best_.end());
    }

    exec::Sources sources_;
    exec::Scan scan_;
    const std::shared_ptr<const exec::Pipeline> pipeline_;
    const std::shared_ptr<exec::MemoryBudget> memory_;
    exec::MemoryBudget budget_;  // of what this holds
    const io::CancelToken cancel_;
    exec::Damage damage_;
    const bool forward_;
    const std::size_t limit_;
    const Duration interval_;
    const bool equal_entries_;
    base::Mutex mutex_;
    std::vector<LineCandidate> best_ LOGI_GUARDED_BY(mutex_);
    bool full_ LOGI_GUARDED_BY(mutex_) = false;
    Timestamp worst_ LOGI_GUARDED_BY(mutex_);
};

StatusOr<std::shared_ptr<const exec::Pipeline>> compile(const Prepared& query) {
    exec::Pipeline::Options options;
    options.now = query.request.now;
    options.columns = query.request.columns;
    return exec::Pipeline::compile(std::get<logql::LogExpr>(query.expr->node), std::move(options));
}

exec::ScanSpec scan_spec(const Prepared& query, const exec::Pipeline& pipeline) {
    exec::ScanSpec spec;
    spec.matchers = std::get<logql::LogExpr>(query.expr->node).matchers;
    spec.filters = pipeline.block_filters();
    spec.first = query.range.start;
    spec.last = query.range.end - Duration{1};
    spec.drop_duplicates = false;  // the collector does, by order of arrival
    return spec;
}

}  // namespace

std::vector<LabelPair> RowMaker::pairs_of(const exec::Entry& entry, exec::LabelCategory category) {
    entry.labels.sorted(category, sorted_);
    std::vector<LabelPair> pairs;
    pairs.reserve(sorted_.size());
    for (const auto& label : sorted_) {
        pairs.push_back({std::string(label.name), std::string(label.value)});
    }
    return pairs;
}

LogRow RowMaker::make(const exec::Entry& entry, const std::shared_ptr<const Labels>& stream) {
    LogRow row;
    row.time = entry.time;
    row.line = std::string(entry.line);
    row.stream = entry.labels.stream_changed() ? std::make_shared<Labels>(Labels::of_result(
                                                     pairs_of(entry, exec::LabelCategory::kStream)))
                                               : stream;
    row.metadata = pairs_of(entry, exec::LabelCategory::kMetadata);
    row.parsed = pairs_of(entry, exec::LabelCategory::kParsed);
    return row;
}

bool comes_before(const LogRow& a, const LogRow& b, bool forward) {
    if (a.time != b.time) {
        return forward ? a.time < b.time : a.time > b.time;
    }
    return a.id < b.id;
}

std::int64_t memory_bytes(const LogRow& row) {
    std::size_t bytes = sizeof(LogRow) + row.line.size();
    for (const auto* pairs : {&row.metadata, &row.parsed}) {
        for (const auto& pair : *pairs) {
            bytes += sizeof(LabelPair) + pair.name.size() + pair.value.size();
        }
    }
    return static_cast<std::int64_t>(bytes);
}

StatusOr<ReadPlan> explain_log_query(const exec::Sources& sources, const Prepared& query) {
    LOGI_ASSIGN_OR_RETURN(const auto pipeline, compile(query));
    ReadPlan plan = plan_of(std::get<logql::LogExpr>(query.expr->node), *pipeline);
    const exec::ScanSpec spec = scan_spec(query, *pipeline);
    plan.expression = logql::to_string(*query.expr);
    plan.first = spec.first;
    plan.last = spec.last;
    LOGI_ASSIGN_OR_RETURN(auto selections, exec::Scan::select(sources, spec));
    const exec::Scan scan(std::move(selections), spec);
    for (const exec::ScanItem& item : scan.items()) {
        ++plan.blocks;
        ++plan.blocks_read;
        plan.bytes += item.selection->blocks()[item.block].line_bytes;
        for (const segment::StreamExtent& extent : item.extents) {
            plan.rows += extent.rows;
        }
    }
    return plan;
}

void run_log_query(io::Executor& executor,
                   exec::Sources sources,
                   const Prepared& query,
                   std::shared_ptr<exec::MemoryBudget> memory,
                   io::CancelToken cancel,
                   std::function<void(StatusOr<Result>)> done) {
    auto pipeline = compile(query);
    if (!pipeline.ok()) {
        done(pipeline.status());
        return;
    }
    exec::ScanSpec spec = scan_spec(query, **pipeline);
    auto selections = exec::Scan::select(sources, spec);
    if (!selections.ok()) {
        done(selections.status());
        return;
    }
    const auto collector = std::make_shared<Collector>(std::move(sources),
                                                       *std::move(selections),
                                                       std::move(spec),
                                                       *std::move(pipeline),
                                                       query.request,
                                                       std::move(memory),
                                                       cancel);
    exec::run_items(
        executor,
        collector->items(),
        cancel,
        [collector](std::size_t i) { return collector->read(i); },
        [collector, done = std::move(done)](const Status& status) {
            if (status.ok()) {
                done(collector->finish());
            } else {
                collector->give_up();
                done(status);
            }
        });
}

}  // namespace logi::query
