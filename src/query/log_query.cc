#include "query/log_query.h"

#include "exec/run_items.h"

#include <tuple>

namespace logi::query {
namespace {

constexpr std::uint64_t kResultBytesMax = 512ULL << 20U;

struct Candidate {
    LogRow row;
    StreamId id;
    Sequence sequence;
};

// The best `limit` rows so far, from blocks that are read in the order of their best time.
class Collector {
  public:
    Collector(exec::Sources sources, exec::ScanSpec spec, const Request& request)
        : sources_(std::move(sources)),
          scan_(sources_, std::move(spec)),
          forward_(request.forward),
          limit_(request.interval.ns > 0 ? SIZE_MAX : request.limit),
          final_limit_(request.limit),
          interval_(request.interval) {
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
        shrink();
        Timestamp last;
        for (auto& c : best_) {
            if (result.rows.size() == final_limit_) {
                break;
            }
            const Duration distance = forward_ ? c.row.time - last : last - c.row.time;
            if (interval_.ns > 0 && !result.rows.empty() && distance < interval_) {
                continue;
            }
            last = c.row.time;
            result.rows.push_back(std::move(c.row));
        }
        result.missing = damage_.list();
        auto& stats = scan_.stats();
        result.stats = {stats.blocks, stats.lines, stats.bytes, stats.duplicates};
        return result;
    }

  private:
    Status read_block(std::size_t i) {
        const exec::ScanItem& item = scan_.items()[i];
        if (cannot_contribute(item)) {
            return absl::OkStatus();
        }
        std::unique_ptr<block::BlockReader> reader;
        LOGI_ASSIGN_OR_RETURN(exec::ScanRows rows, scan_.read(item, reader));
        keep_best(rows);
        std::vector<Candidate> found;
        LOGI_RETURN_IF_ERROR(materialise(rows, found));
        return merge(std::move(found));
    }

    [[nodiscard]] bool earlier(const Candidate& a, const Candidate& b) const {
        if (a.row.time != b.row.time) {
            return forward_ ? a.row.time < b.row.time : a.row.time > b.row.time;
        }
        if (a.id != b.id) {
            return a.id < b.id;
        }
        return forward_ ? a.sequence < b.sequence : a.sequence > b.sequence;
    }

    bool cannot_contribute(const exec::ScanItem& item) {
        const base::MutexLock lock(mutex_);
        if (!full_) {
            return false;
        }
        return forward_ ? item.min_time > worst_ : item.max_time < worst_;
    }

    // Of one block no more than `limit` rows can be in the answer, and all that tie with the last.
    void keep_best(exec::ScanRows& rows) const {
        if (rows.rows.size() <= limit_) {
            return;
        }
        std::vector<Timestamp> times;
        times.reserve(rows.rows.size());
        for (const std::uint32_t row : rows.rows) {
            times.push_back(rows.times[row]);
        }
        const auto nth = times.begin() + static_cast<std::ptrdiff_t>(limit_ - 1);
        if (forward_) {
            std::nth_element(times.begin(), nth, times.end());
        } else {
            std::nth_element(times.begin(), nth, times.end(), std::greater<>());
        }
        const Timestamp worst = *nth;
        std::erase_if(rows.rows, [&](std::uint32_t row) {
            return forward_ ? rows.times[row] > worst : rows.times[row] < worst;
        });
    }

    Status materialise(const exec::ScanRows& rows, std::vector<Candidate>& found) {
        if (rows.rows.empty()) {
            return absl::OkStatus();
        }
        LOGI_ASSIGN_OR_RETURN(const auto sequences, rows.block->sequences());
        std::shared_ptr<const Labels> labels;
        std::uint32_t labels_of = 0;
        std::vector<MetadataView> metadata;
        for (const std::uint32_t row : rows.rows) {
            const std::uint32_t stream = rows.streams[row];
            if (labels == nullptr || stream != labels_of) {
                labels = std::make_shared<Labels>(rows.source->labels(stream));
                labels_of = stream;
            }
            Candidate c;
            c.id = rows.source->stream_id(stream);
            c.sequence = sequences[row];
            c.row.time = rows.times[row];
            c.row.labels = labels;
            LOGI_ASSIGN_OR_RETURN(const std::string_view line, rows.block->line(row));
            c.row.line = std::string(line);
            LOGI_RETURN_IF_ERROR(rows.block->metadata(row, metadata));
            for (const auto& pair : metadata) {
                c.row.metadata.push_back({std::string(pair.name), std::string(pair.value)});
            }
            found.push_back(std::move(c));
        }
        return absl::OkStatus();
    }

    Status merge(std::vector<Candidate> found) {
        const base::MutexLock lock(mutex_);
        for (auto& c : found) {
            bytes_ += c.row.line.size() + sizeof(Candidate);
            best_.push_back(std::move(c));
        }
        if (limit_ != SIZE_MAX && best_.size() >= 2 * limit_) {
            shrink();
        }
        if (bytes_ > kResultBytesMax) {
            return absl::ResourceExhaustedError(
                "the query's result is too large for the memory of a query; lower its limit or "
                "shorten "
                "its time range");
        }
        return absl::OkStatus();
    }

    // Sorts, leaves equal entries only once, as the one that arrived first, and forgets what can no
    // longer be among the first `limit_`. Entries of the last one's time stay: a block that is read
    // later may hold an earlier copy of one of them.
    void shrink() LOGI_REQUIRES(mutex_) {
        std::sort(best_.begin(), best_.end(), [&](const Candidate& a, const Candidate& b) {
            return earlier(a, b);
        });
        drop_duplicates();
        full_ = best_.size() >= limit_;
        if (full_) {
            worst_ = best_[limit_ - 1].row.time;
            while (best_.back().row.time != worst_) {
                best_.pop_back();
            }
        }
        bytes_ = 0;
        for (const auto& c : best_) {
            bytes_ += c.row.line.size() + sizeof(Candidate);
        }
    }

    void drop_duplicates() LOGI_REQUIRES(mutex_) {
        std::size_t kept = 0;
        std::size_t run = 0;  // where entries of this stream and time begin among those kept
        for (std::size_t i = 0; i < best_.size(); ++i) {
            Candidate& c = best_[i];
            if (run == kept || best_[run].row.time != c.row.time || best_[run].id != c.id) {
                run = kept;
            }
            std::size_t same = run;
            while (same < kept && (best_[same].row.line != c.row.line ||
                                   best_[same].row.metadata != c.row.metadata)) {
                ++same;
            }
            if (same == kept) {
                if (kept != i) {
                    best_[kept] = std::move(c);
                }
                ++kept;
                continue;
            }
            scan_.stats().duplicates.fetch_add(1);
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
    exec::Damage damage_;
    const bool forward_;
    const std::size_t limit_;
    const std::size_t final_limit_;
    const Duration interval_;
    base::Mutex mutex_;
    std::vector<Candidate> best_ LOGI_GUARDED_BY(mutex_);
    std::uint64_t bytes_ LOGI_GUARDED_BY(mutex_) = 0;
    bool full_ LOGI_GUARDED_BY(mutex_) = false;
    Timestamp worst_ LOGI_GUARDED_BY(mutex_);
};

}  // namespace

void run_log_query(io::Executor& executor,
                   exec::Sources sources,
                   const Request& request,
                   exec::ScanSpec spec,
                   io::CancelToken cancel,
                   std::function<void(StatusOr<Result>)> done) {
    spec.drop_duplicates = false;  // the collector does, by order of arrival
    const auto collector =
        std::make_shared<Collector>(std::move(sources), std::move(spec), request);
    exec::run_items(
        executor,
        collector->items(),
        cancel,
        [collector](std::size_t i) { return collector->read(i); },
        [collector, done = std::move(done)](const Status& status) {
            if (status.ok()) {
                done(collector->finish());
            } else {
                done(status);
            }
        });
}

}  // namespace logi::query
