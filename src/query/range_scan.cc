#include "query/range_scan.h"

#include "exec/run_items.h"

namespace logi::query {
namespace {

// A series costs two numbers per step: this bounds a leaf at some 800 MB.
constexpr std::size_t kCellsMax = 50'000'000;

class RangeScan {
  public:
    RangeScan(const exec::Sources& sources,
              const logql::RangeAggregation& aggregation,
              exec::ScanSpec spec,
              Steps steps)
        : scan_(sources, std::move(spec)),
          op_(aggregation.op),
          range_(aggregation.range),
          offset_(aggregation.offset),
          steps_(steps) {}

    [[nodiscard]] std::size_t items() const { return scan_.items().size(); }

    // A damaged block is noted and left out.
    Status read(std::size_t i) { return damage_.note(read_block(i)); }

    std::vector<StepSeries> finish(Stats& stats, std::vector<std::string>& missing) {
        for (auto& text : damage_.list()) {
            missing.push_back(std::move(text));
        }
        auto& s = scan_.stats();
        stats.blocks += s.blocks;
        stats.lines += s.lines;
        stats.bytes += s.bytes;
        stats.duplicates += s.duplicates;
        const bool per_second = op_ == logql::RangeOp::kRate || op_ == logql::RangeOp::kBytesRate;
        const double divisor = per_second ? static_cast<double>(range_.ns) / 1e9 : 1;
        const base::MutexLock lock(mutex_);
        std::vector<StepSeries> out;
        for (const auto& [labels, cells] : series_) {
            StepSeries one{
                labels, std::vector<double>(steps_.count), std::vector<bool>(steps_.count)};
            double amount = 0;
            std::int64_t lines = 0;
            for (std::size_t i = 0; i < steps_.count && i < cells.amounts.size(); ++i) {
                amount += cells.amounts[i];
                lines += cells.lines[i];
                one.values[i] = amount / divisor;
                one.present[i] = lines > 0;
            }
            out.push_back(std::move(one));
        }
        return out;
    }

  private:
    Status read_block(std::size_t i) {
        std::unique_ptr<block::BlockReader> reader;
        LOGI_ASSIGN_OR_RETURN(const exec::ScanRows rows, scan_.read(scan_.items()[i], reader));
        std::vector<MetadataView> metadata;
        std::vector<LabelPair> pairs;
        Cells* cells = nullptr;
        std::uint32_t cells_of = 0;
        const bool bytes =
            op_ == logql::RangeOp::kBytesOverTime || op_ == logql::RangeOp::kBytesRate;
        const base::MutexLock lock(mutex_);
        for (const std::uint32_t row : rows.rows) {
            LOGI_RETURN_IF_ERROR(rows.block->metadata(row, metadata));
            const std::uint32_t stream = rows.streams[row];
            if (cells == nullptr || stream != cells_of || !metadata.empty() || !pairs.empty()) {
                pairs.clear();
                for (const auto& pair : metadata) {
                    pairs.push_back({std::string(pair.name), std::string(pair.value)});
                }
                cells = &series_[merged_labels(rows.source->labels(stream), pairs)];
                cells_of = stream;
            }
            double amount = 1;
            if (bytes) {
                LOGI_ASSIGN_OR_RETURN(const std::string_view line, rows.block->line(row));
                amount = static_cast<double>(line.size());
            }
            LOGI_RETURN_IF_ERROR(add(*cells, rows.times[row], amount));
        }
        return absl::OkStatus();
    }

    // Changes of the running sums at each step: a sample counts from the first window that holds it
    // until after the last. The sums are of whole numbers, so adding and taking away is exact.
    struct Cells {
        std::vector<double> amounts;
        std::vector<std::int64_t> lines;
    };

    // First step whose window's end is not before `t`, clamped to [0, count].
    [[nodiscard]] std::size_t step_at_or_after(Timestamp t) const {
        if (t <= steps_.first) {
            return 0;
        }
        const std::int64_t distance = (t - steps_.first).ns;
        const auto step = static_cast<std::uint64_t>((distance - 1) / steps_.step.ns + 1);
        return std::min<std::uint64_t>(step, steps_.count);
    }

    Status add(Cells& cells, Timestamp time, double amount) {
        if (cells.amounts.empty()) {
            cells_ += steps_.count + 1;
            if (cells_ > kCellsMax) {
                return absl::ResourceExhaustedError(
                    "the query has too many series and steps for the memory of a query; aggregate "
                    "with "
                    "sum() or add label matchers");
            }
            cells.amounts.resize(steps_.count + 1);
            cells.lines.resize(steps_.count + 1);
        }
        // In (t - range - offset, t - offset]: from t = time + offset, before time + offset +
        // range.
        const std::size_t from = step_at_or_after(time + offset_);
        const std::size_t to = step_at_or_after(time + offset_ + range_);
        if (from < to) {
            cells.amounts[from] += amount;
            cells.amounts[to] -= amount;
            ++cells.lines[from];
            --cells.lines[to];
        }
        return absl::OkStatus();
    }

    exec::Scan scan_;
    exec::Damage damage_;
    const logql::RangeOp op_;
    const Duration range_;
    const Duration offset_;
    const Steps steps_;
    base::Mutex mutex_;
    std::map<Labels, Cells> series_ LOGI_GUARDED_BY(mutex_);
    std::size_t cells_ LOGI_GUARDED_BY(mutex_) = 0;
};

}  // namespace

void run_range_scan(io::Executor& executor,
                    const exec::Sources& sources,
                    const logql::RangeAggregation& aggregation,
                    exec::ScanSpec spec,
                    Steps steps,
                    io::CancelToken cancel,
                    Stats& stats,
                    std::vector<std::string>& missing,
                    std::function<void(StatusOr<std::vector<StepSeries>>)> done) {
    const auto scan = std::make_shared<RangeScan>(sources, aggregation, std::move(spec), steps);
    exec::run_items(
        executor,
        scan->items(),
        cancel,
        [scan](std::size_t i) { return scan->read(i); },
        [scan, &stats, &missing, done = std::move(done)](const Status& status) {
            if (status.ok()) {
                done(scan->finish(stats, missing));
            } else {
                done(status);
            }
        });
}

}  // namespace logi::query
