#include "exec/range_aggregate.h"

#include "absl/container/flat_hash_map.h"
#include "base/mutex.h"

#include <type_traits>

namespace logi::exec {
namespace {

// States of the cells that have samples, ascending by cell.
template <typename State>
struct Cells {
    std::vector<std::uint32_t> numbers;
    std::vector<State> states;

    State& at(std::uint32_t cell) {
        if (numbers.empty() || numbers.back() < cell) {
            numbers.push_back(cell);
            return states.emplace_back();
        }
        if (numbers.back() == cell) {
            return states.back();
        }
        const auto it = std::lower_bound(numbers.begin(), numbers.end(), cell);
        const auto place = it - numbers.begin();
        if (*it == cell) {
            return states[static_cast<std::size_t>(place)];
        }
        numbers.insert(it, cell);
        return *states.insert(states.begin() + place, State());
    }

    void merge(Cells&& other) {
        if (numbers.empty() || numbers.back() < other.numbers.front()) {
            numbers.insert(numbers.end(), other.numbers.begin(), other.numbers.end());
            std::move(other.states.begin(), other.states.end(), std::back_inserter(states));
            return;
        }
        Cells merged;
        merged.numbers.reserve(numbers.size() + other.numbers.size());
        merged.states.reserve(numbers.size() + other.numbers.size());
        std::size_t a = 0;
        std::size_t b = 0;
        while (a < numbers.size() || b < other.numbers.size()) {
            const bool from_a =
                b == other.numbers.size() || (a < numbers.size() && numbers[a] <= other.numbers[b]);
            const bool both = from_a && b < other.numbers.size() && a < numbers.size() &&
                              numbers[a] == other.numbers[b];
            merged.numbers.push_back(from_a ? numbers[a] : other.numbers[b]);
            merged.states.push_back(std::move(from_a ? states[a] : other.states[b]));
            if (both) {
                merged.states.back().merge(other.states[b]);
            }
            a += from_a ? 1 : 0;
            b += !from_a || both ? 1 : 0;
        }
        *this = std::move(merged);
    }

    void write(base::ByteWriter& w) const {
        w.varint(numbers.size());
        std::uint32_t last = 0;
        for (std::size_t i = 0; i < numbers.size(); ++i) {
            w.varint(numbers[i] - last);
            last = numbers[i];
            states[i].write(w);
        }
    }

    // False: that are no cells. Memory grows with what has been read, so not beyond a few times
    // the bytes that there are.
    bool read(base::ByteReader& r, std::uint32_t cells_max) {
        const std::uint64_t count = r.varint();
        std::uint64_t next = 0;
        for (std::uint64_t i = 0; i < count && r.ok(); ++i) {
            const std::uint64_t distance = r.varint();
            if (distance >= cells_max || (i > 0 && distance == 0) || next + distance >= cells_max) {
                return false;
            }
            next += distance;
            numbers.push_back(static_cast<std::uint32_t>(next));
            states.emplace_back().read(r);
        }
        return r.ok() && count > 0;
    }

    [[nodiscard]] std::int64_t bytes() const {
        std::uint64_t sum =
            numbers.capacity() * sizeof(numbers[0]) + states.capacity() * sizeof(State);
        if constexpr (State::kGather) {
            for (const State& s : states) {
                sum += s.heap_bytes();
            }
        }
        return static_cast<std::int64_t>(sum);
    }
};

// Merged states of a window that slides over cells: the older part is kept as suffixes, each merged
// up to the boundary, the newer part as one state, so that every cell is merged about twice however
// many windows hold it.
template <typename State>
class SlidingWindow {
  public:
    explicit SlidingWindow(const Cells<State>& cells) : cells_(cells) {}

    // Cells [from, to) of the vector; both bounds only grow. Not empty.
    const State& window(std::size_t from, std::size_t to) {
        for (; end_ < to; ++end_) {
            newer_.merge(cells_.states[end_]);
        }
        if (from >= boundary_) {
            boundary_ = to;
            newer_ = State();
            suffixes_.assign(to - from, State());
            State merged;
            for (std::size_t i = to; i-- > from;) {
                State cell = cells_.states[i];
                cell.merge(merged);
                merged = cell;
                suffixes_[i - from] = std::move(cell);
            }
            base_ = from;
        }
        merged_ = suffixes_[from - base_];
        merged_.merge(newer_);
        return merged_;
    }

  private:
    const Cells<State>& cells_;
    std::vector<State> suffixes_;  // of cells [base_, boundary_)
    std::size_t base_ = 0;
    std::size_t boundary_ = 0;
    State newer_;  // cells [boundary_, end_)
    std::size_t end_ = 0;
    State merged_;
};

template <typename State>
class Partial final : public RangePartial {
  public:
    void add(std::uint32_t series, std::uint32_t cell, Timestamp time, double value) override {
        if (series >= cells.size()) {
            cells.resize(series + 1);
        }
        cells[series].at(cell).add(time, value);
    }
    std::vector<Cells<State>> cells;
};

template <typename State>
class Aggregator final : public RangeAggregator {
  public:
    Aggregator(const RangeParameters& parameters, const Windows& windows, MemoryBudget& budget)
        : parameters_(parameters), windows_(windows), budget_(budget) {}

    [[nodiscard]] std::unique_ptr<RangePartial> partial() const override {
        return std::make_unique<Partial<State>>();
    }

    Status merge(std::unique_ptr<RangePartial> partial,
                 std::vector<PartialSeries> series) override {
        auto& cells = static_cast<Partial<State>&>(*partial).cells;
        const base::MutexLock lock(mutex_);
        std::int64_t added = 0;
        for (std::size_t i = 0; i < cells.size(); ++i) {
            if (cells[i].numbers.empty()) {
                continue;
            }
            const auto [it, is_new] = series_.try_emplace(series[i].key);
            if (is_new) {
                it->second = std::make_unique<OneSeries>();
                it->second->labels = std::move(series[i].labels);
            } else {
                added -= series[i].memory_bytes();
            }
            const std::int64_t before = it->second->cells.bytes();
            it->second->cells.merge(std::move(cells[i]));
            added += it->second->cells.bytes() - before;
        }
        return budget_.charge(added);
    }

    Status merge_written(base::ByteReader& r) override {
        auto partial = std::make_unique<Partial<State>>();
        std::vector<PartialSeries> series;
        Charged charged;
        if (const Status s = read(r, *partial, series, charged); !s.ok()) {
            budget_.give_back(charged.series + charged.cells);
            return absl::IsResourceExhausted(s)
                       ? absl::OutOfRangeError("there is no room for a part of an answer")
                       : s;
        }
        const Status merged = merge(std::move(partial), std::move(series));
        budget_.give_back(charged.cells);  // merge() has charged for them
        return merged;
    }

    Status write(std::string& out, std::size_t bytes_max) override {
        const base::MutexLock lock(mutex_);
        base::ByteWriter w(out);
        w.varint(series_.size());
        for (auto& [key, series] : series_) {
            const std::size_t before = out.size();
            w.u64(key.high);
            w.u64(key.low);
            w.varint(series->labels.size());
            for (const LabelPair& pair : series->labels.pairs()) {
                w.string(pair.name);
                w.string(pair.value);
            }
            series->cells.write(w);
            if (out.size() > bytes_max) {
                return absl::OutOfRangeError("a part of an answer is too large");
            }
            LOGI_RETURN_IF_ERROR(budget_.charge(static_cast<std::int64_t>(out.size() - before)));
        }
        return absl::OkStatus();
    }

    StatusOr<StepVector> finish() override {
        const base::MutexLock lock(mutex_);
        StepVector out;
        out.reserve(series_.size());
        for (auto& [key, series] : series_) {
            StepSeries one;
            one.labels = std::move(series->labels);
            evaluate(series->cells, one);
            LOGI_RETURN_IF_ERROR(
                budget_.charge(static_cast<std::int64_t>(one.values.capacity() * 12 + 128)));
            series.reset();
            out.push_back(std::move(one));
        }
        series_.clear();
        return out;
    }

  private:
    struct OneSeries {
        Labels labels;
        Cells<State> cells;
    };

    struct Charged {
        std::int64_t series = 0;
        std::int64_t cells = 0;
    };
    Status read(base::ByteReader& r,
                Partial<State>& partial,
                std::vector<PartialSeries>& series,
                Charged& charged) {
        const std::uint64_t count = r.varint();
        for (std::uint64_t i = 0; i < count && r.ok(); ++i) {
            PartialSeries& one = series.emplace_back();
            one.key.high = r.u64();
            one.key.low = r.u64();
            std::vector<LabelPair> pairs;
            for (std::uint64_t left = r.varint(); left > 0 && r.ok(); --left) {
                LabelPair& pair = pairs.emplace_back();
                pair.name = r.string();
                pair.value = r.string();
            }
            one.labels = Labels::of_result(std::move(pairs));
            if (!partial.cells.emplace_back().read(r, windows_.cells())) {
                return absl::DataLossError("a part of an answer has cells that are none");
            }
            charged.series += one.memory_bytes();
            charged.cells += partial.cells.back().bytes();
            LOGI_RETURN_IF_ERROR(budget_.charge(one.memory_bytes() + partial.cells.back().bytes()));
        }
        return r.ok() && r.done()
                   ? absl::OkStatus()
                   : absl::DataLossError("a part of an answer is not as long as it says");
    }

    void evaluate(Cells<State>& cells, StepSeries& out) const {
        SlidingWindow<State> sliding(cells);
        State gathered;
        std::size_t from = 0;
        std::size_t to = 0;
        for (std::uint32_t step = 0; step < windows_.steps().count; ++step) {
            while (from < cells.numbers.size() && cells.numbers[from] < windows_.first_cell(step)) {
                ++from;
            }
            to = std::max(to, from);
            while (to < cells.numbers.size() && cells.numbers[to] <= windows_.last_cell(step)) {
                ++to;
            }
            if (from == to) {
                continue;
            }
            if constexpr (State::kGather) {
                gathered.clear();
                for (std::size_t i = from; i < to; ++i) {
                    gathered.merge(cells.states[i]);
                }
                out.add(step, gathered.value(parameters_));
            } else if (to - from == 1) {
                out.add(step, cells.states[from].value(parameters_));
            } else {
                out.add(step, sliding.window(from, to).value(parameters_));
            }
        }
    }

    const RangeParameters parameters_;
    const Windows windows_;
    MemoryBudget& budget_;
    base::Mutex mutex_;
    absl::flat_hash_map<base::Hash128, std::unique_ptr<OneSeries>> series_ LOGI_GUARDED_BY(mutex_);
};

}  // namespace

std::unique_ptr<RangeAggregator> RangeAggregator::make(const RangeParameters& parameters,
                                                       bool unwrapped,
                                                       const Windows& windows,
                                                       MemoryBudget& budget) {
    const auto aggregator = [&]<typename State>(std::type_identity<State>) {
        return std::make_unique<Aggregator<State>>(parameters, windows, budget);
    };
    using logql::RangeOp;
    switch (parameters.op) {
        case RangeOp::kRate:
            if (unwrapped) {
                return aggregator(std::type_identity<SumState>());
            }
            return aggregator(std::type_identity<CountState>());
        case RangeOp::kCountOverTime:
        case RangeOp::kBytesOverTime:
        case RangeOp::kBytesRate:
        case RangeOp::kAbsentOverTime:
            return aggregator(std::type_identity<CountState>());
        case RangeOp::kSumOverTime:
        case RangeOp::kAvgOverTime:
            return aggregator(std::type_identity<SumState>());
        case RangeOp::kMinOverTime:
        case RangeOp::kMaxOverTime:
            return aggregator(std::type_identity<ExtremeState>());
        case RangeOp::kStddevOverTime:
        case RangeOp::kStdvarOverTime:
            return aggregator(std::type_identity<MomentsState>());
        case RangeOp::kFirstOverTime:
        case RangeOp::kLastOverTime:
            return aggregator(std::type_identity<EdgeState>());
        case RangeOp::kQuantileOverTime:
            return aggregator(std::type_identity<QuantileState>());
        case RangeOp::kRateCounter:
            break;
    }
    return aggregator(std::type_identity<CounterState>());
}

}  // namespace logi::exec
