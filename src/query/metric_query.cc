#include "query/metric_query.h"

#include "absl/strings/str_cat.h"
#include "logql/tree.h"
#include "query/evaluate.h"
#include "query/pieces.h"
#include "query/range_query.h"
#include "query/split_range.h"

namespace logi::query {
namespace {

using logql::Expr;

// Series of the same labels become one, their values in the order of time.
void merge_equal_series(exec::StepVector& series) {
    std::stable_sort(series.begin(), series.end(), [](const auto& a, const auto& b) {
        return a.labels < b.labels;
    });
    std::size_t kept = 0;
    for (std::size_t i = 1; i < series.size(); ++i) {
        if (series[kept].labels != series[i].labels) {
            ++kept;
            if (kept != i) {
                series[kept] = std::move(series[i]);
            }
            continue;
        }
        exec::StepSeries merged{std::move(series[kept].labels), {}, {}};
        std::size_t a = 0;
        std::size_t b = 0;
        while (a < series[kept].steps.size() || b < series[i].steps.size()) {
            const bool from_a =
                b == series[i].steps.size() ||
                (a < series[kept].steps.size() && series[kept].steps[a] <= series[i].steps[b]);
            const exec::StepSeries& from = from_a ? series[kept] : series[i];
            const std::size_t at = from_a ? a++ : b++;
            merged.add(from.steps[at], from.values[at]);
        }
        series[kept] = std::move(merged);
    }
    series.resize(std::min(series.size(), kept + 1));
}

// One metric query under way: leaves are read one after another, then the tree is evaluated.
class MetricQuery : public std::enable_shared_from_this<MetricQuery> {
  public:
    // Where it reads: from sources, or from a spread if there is one.
    struct Reading {
        io::Executor& executor;
        exec::Sources sources;
        std::shared_ptr<io::Executor> held;  // of a spread, the executor
        std::shared_ptr<const Spread> spread;
    };
    MetricQuery(Reading reading,
                const Request& request,
                std::shared_ptr<const Expr> expr,
                const Limits& limits,
                io::CancelToken cancel,
                std::function<void(StatusOr<Result>)> done)
        : reading_(std::move(reading)),
          instant_(request.instant),
          partial_series_(request.partial_series),
          request_(request),
          steps_(steps_of(request)),
          expr_(std::move(expr)),
          leaves_(leaves(*expr_)),
          series_max_(limits.max_query_series),
          budget_(limits.max_query_memory_bytes),
          cancel_(cancel),
          done_(std::move(done)) {}

    void next_leaf() {
        if (next_leaf_ == leaves_.size()) {
            done_(finish());
            return;
        }
        const Leaf& leaf = leaves_[next_leaf_++];
        const exec::Windows windows(steps_, leaf.aggregation->range, leaf.aggregation->offset);
        auto done = [self = shared_from_this(), &leaf](StatusOr<exec::StepVector> series) {
            if (!series.ok()) {
                self->done_(series.status());
                return;
            }
            self->values_[leaf.aggregation] = *std::move(series);
            self->next_leaf();
        };
        if (reading_.spread != nullptr) {
            read_spread(leaf, windows, std::move(done));
        } else {
            read(reading_.sources, leaf, windows, std::move(done));
        }
    }

  private:
    using LeafDone = std::function<void(StatusOr<exec::StepVector>)>;

    void read(const exec::Sources& sources,
              const Leaf& leaf,
              const exec::Windows& windows,
              LeafDone done) {
        run_range_query(reading_.executor,
                        sources,
                        leaf,
                        windows,
                        PassOptions(request_),
                        budget_,
                        cancel_,
                        notes_,
                        std::move(done));
    }

    void read_spread(const Leaf& leaf, const exec::Windows& windows, LeafDone done) {
        // Without stages statistics tell what is counted.
        const bool reads_rows =
            !leaf.aggregation->log.stages.empty() || leaf.aggregation->unwrap.has_value();
        const Wanted wanted{
            leaf.aggregation->log.matchers, windows.first_time(), windows.last_time(), reads_rows};
        find_pieces(reading_.executor,
                    *reading_.spread,
                    wanted,
                    cancel_,
                    [self = shared_from_this(), &leaf, windows, done = std::move(done)](
                        StatusOr<std::vector<Piece>> pieces) {
                        self->read_pieces(std::move(pieces), leaf, windows, done);
                    });
    }

    void read_pieces(StatusOr<std::vector<Piece>> pieces,
                     const Leaf& leaf,
                     const exec::Windows& windows,
                     LeafDone done) {
        if (!pieces.ok()) {
            done(pieces.status());
        } else if (pieces->size() == 1) {
            read(reading_.spread->all(), leaf, windows, std::move(done));
        } else {
            run_split_range(reading_.held,
                            reading_.spread,
                            *std::move(pieces),
                            leaf,
                            windows,
                            request_,
                            budget_,
                            cancel_,
                            notes_,
                            std::move(done));
        }
    }

    StatusOr<Result> finish() {
        const auto by_labels = [](exec::StepVector& series) {
            std::stable_sort(series.begin(), series.end(), [](const auto& a, const auto& b) {
                return a.labels < b.labels;
            });
        };
        // Then nothing depends on who read what: neither what is sorted by value only in part, nor
        // series that get the same labels.
        for (auto& [leaf, series] : values_) {
            by_labels(series);
        }
        LOGI_ASSIGN_OR_RETURN(exec::Value value,
                              evaluate(*expr_, values_, steps_.count, instant_, budget_));
        Result result;
        result.stats = notes_.stats;
        result.missing = notes_.missing;
        result.type = instant_ ? Result::Type::kVector : Result::Type::kMatrix;
        if (value.scalar) {
            result.type = instant_ ? Result::Type::kScalar : Result::Type::kMatrix;
            exec::StepSeries constant;
            for (std::uint32_t i = 0; i < steps_.count; ++i) {
                constant.add(i, value.number);
            }
            value.series.push_back(std::move(constant));
        }
        std::erase_if(value.series, [](const auto& s) { return s.steps.empty(); });
        if (!instant_) {
            merge_equal_series(value.series);
        } else if (!sorts(*expr_)) {
            by_labels(value.series);
        }
        LOGI_RETURN_IF_ERROR(limit_series(value.series, result.missing));
        for (auto& s : value.series) {
            LOGI_RETURN_IF_ERROR(
                budget_.charge(static_cast<std::int64_t>(s.steps.size() * sizeof(Point))));
            Series series{std::move(s.labels), {}};
            series.points.reserve(s.steps.size());
            for (std::size_t i = 0; i < s.steps.size(); ++i) {
                series.points.push_back({steps_.at(s.steps[i]), s.values[i]});
            }
            result.series.push_back(std::move(series));
        }
        result.memory_left_bytes = budget_.left_bytes();
        return result;
    }

    Status limit_series(exec::StepVector& series, std::vector<std::string>& missing) const {
        if (series_max_ <= 0 || series.size() <= static_cast<std::size_t>(series_max_)) {
            return absl::OkStatus();
        }
        if (partial_series_) {
            series.resize(static_cast<std::size_t>(series_max_));
            missing.push_back(
                absl::StrCat("maximum number of series (",
                             series_max_,
                             ") reached for a single query; returning partial results"));
            return absl::OkStatus();
        }
        return absl::InvalidArgumentError(absl::StrCat(
            "maximum number of series (",
            series_max_,
            ") reached for a single query; consider reducing query cardinality by adding more "
            "specific stream selectors, reducing the time range, or aggregating results with "
            "functions like sum(), count() or topk()"));
    }

    const Reading reading_;
    const bool instant_;
    const bool partial_series_;
    const Request request_;
    const exec::Steps steps_;
    const std::shared_ptr<const Expr> expr_;
    const std::vector<Leaf> leaves_;
    const std::int64_t series_max_;
    exec::MemoryBudget budget_;
    const io::CancelToken cancel_;
    const std::function<void(StatusOr<Result>)> done_;
    std::size_t next_leaf_ = 0;
    LeafValues values_;
    ReadNotes notes_;
};

std::int64_t floor_to(std::int64_t ns, std::int64_t step) {
    const std::int64_t rest = ns % step;
    return ns - (rest < 0 ? rest + step : rest);
}

}  // namespace

exec::Steps steps_of(const Request& request) {
    if (request.instant) {
        return {request.end, Duration{1}, 1};
    }
    const std::int64_t step = std::max<std::int64_t>(request.step.ns, 1);
    const std::int64_t start = floor_to(request.start.ns, step);
    std::int64_t end = floor_to(request.end.ns, step);
    if (end != request.end.ns) {
        end += step;
    }
    if (start == end || !request.align_to_step) {
        return {request.start,
                Duration{step},
                static_cast<std::size_t>((request.end - request.start).ns / step) + 1};
    }
    return {Timestamp{start}, Duration{step}, static_cast<std::size_t>((end - start) / step) + 1};
}

Duration longest_range(const Expr& expr) {
    Duration longest;
    logql::for_each_range(expr, [&](const logql::RangeAggregation& range) {
        longest = std::max(longest, range.range);
    });
    return longest;
}

std::optional<TimeRange> time_of_leaves(const Expr& expr, const exec::Steps& steps) {
    std::optional<TimeRange> range;
    for (const Leaf& leaf : leaves(expr)) {
        const exec::Windows windows(steps, leaf.aggregation->range, leaf.aggregation->offset);
        if (!range.has_value()) {
            range = TimeRange{windows.first_time(), windows.last_time()};
        }
        range->start = std::min(range->start, windows.first_time());
        range->end = std::max(range->end, windows.last_time());
    }
    return range;
}

void run_metric_query(io::Executor& executor,
                      exec::Sources sources,
                      const Request& request,
                      std::shared_ptr<const logql::Expr> expr,
                      const Limits& limits,
                      io::CancelToken cancel,
                      std::function<void(StatusOr<Result>)> done) {
    std::make_shared<MetricQuery>(
        MetricQuery::Reading{executor, std::move(sources), nullptr, nullptr},
        request,
        std::move(expr),
        limits,
        cancel,
        std::move(done))
        ->next_leaf();
}

void run_metric_query(std::shared_ptr<io::Executor> executor,
                      std::shared_ptr<const Spread> spread,
                      const Request& request,
                      std::shared_ptr<const logql::Expr> expr,
                      const Limits& limits,
                      io::CancelToken cancel,
                      std::function<void(StatusOr<Result>)> done) {
    io::Executor& reading = *executor;
    std::make_shared<MetricQuery>(
        MetricQuery::Reading{reading, {}, std::move(executor), std::move(spread)},
        request,
        std::move(expr),
        limits,
        cancel,
        std::move(done))
        ->next_leaf();
}

}  // namespace logi::query
