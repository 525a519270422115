#include "query/metric_query.h"

#include "absl/strings/str_cat.h"

#include <cmath>
#include <limits>

namespace logi::query {
namespace {

using logql::Expr;

struct Value {
    bool scalar = false;
    double number = 0;
    std::vector<StepSeries> series;
};

// Sums with Neumaier's compensation, so that the order of series does not show.
class Sum {
  public:
    void add(double x) {
        const double t = sum_ + x;
        compensation_ += std::fabs(sum_) >= std::fabs(x) ? (sum_ - t) + x : (x - t) + sum_;
        sum_ = t;
    }
    [[nodiscard]] double value() const {
        return std::isfinite(compensation_) ? sum_ + compensation_ : sum_;
    }

  private:
    double sum_ = 0;
    double compensation_ = 0;
};

Labels grouped(const Labels& labels, const logql::Grouping& grouping) {
    std::vector<LabelPair> pairs;
    for (const auto& pair : labels.pairs()) {
        const bool named = std::find(grouping.labels.begin(), grouping.labels.end(), pair.name) !=
                           grouping.labels.end();
        if (named != grouping.without) {
            pairs.push_back(pair);
        }
    }
    return Labels::from_pairs(std::move(pairs));
}

double aggregate(logql::VectorOp op, const std::vector<double>& values) {
    Sum sum;
    double least = values.front();
    double most = values.front();
    for (const double v : values) {
        sum.add(v);
        least = v < least || std::isnan(least) ? v : least;
        most = v > most || std::isnan(most) ? v : most;
    }
    switch (op) {
        case logql::VectorOp::kSum:
            return sum.value();
        case logql::VectorOp::kMin:
            return least;
        case logql::VectorOp::kMax:
            return most;
        case logql::VectorOp::kAvg:
            return sum.value() / static_cast<double>(values.size());
        case logql::VectorOp::kCount:
            break;
    }
    return static_cast<double>(values.size());
}

double apply(logql::BinaryOp op, double a, double b) {
    switch (op) {
        case logql::BinaryOp::kAdd:
            return a + b;
        case logql::BinaryOp::kSub:
            return a - b;
        case logql::BinaryOp::kMul:
            return a * b;
        case logql::BinaryOp::kDiv:
            break;
    }
    return b == 0 ? std::numeric_limits<double>::quiet_NaN() : a / b;
}

// One metric query under way: leaves are scanned one after another, then the tree is evaluated.
class MetricQuery : public std::enable_shared_from_this<MetricQuery> {
  public:
    MetricQuery(io::Executor& executor,
                exec::Sources sources,
                const Request& request,
                std::shared_ptr<const Expr> expr,
                const Limits& limits,
                io::CancelToken cancel,
                std::function<void(StatusOr<Result>)> done)
        : executor_(executor),
          sources_(std::move(sources)),
          instant_(request.instant),
          steps_(steps_of(request)),
          expr_(std::move(expr)),
          series_max_(limits.max_query_series),
          cancel_(cancel),
          done_(std::move(done)) {
        for_each_range(*expr_, [this](const logql::RangeAggregation& r) { leaves_.push_back(&r); });
    }

    void next_leaf() {
        if (values_.size() == leaves_.size()) {
            done_(finish());
            return;
        }
        const logql::RangeAggregation& leaf = *leaves_[values_.size()];
        const Timestamp last = steps_.at(steps_.count - 1) - leaf.offset;
        const Timestamp first = steps_.first - leaf.offset - leaf.range + Duration{1};
        auto spec = scan_spec(leaf.log, first, last);
        if (!spec.ok()) {
            done_(spec.status());
            return;
        }
        run_range_scan(
            executor_,
            sources_,
            leaf,
            *std::move(spec),
            steps_,
            cancel_,
            stats_,
            missing_,
            [self = shared_from_this(), &leaf](StatusOr<std::vector<StepSeries>> series) {
                if (!series.ok()) {
                    self->done_(series.status());
                    return;
                }
                self->values_[&leaf] = *std::move(series);
                self->next_leaf();
            });
    }

  private:
    StatusOr<Result> finish() {
        LOGI_ASSIGN_OR_RETURN(Value value, evaluate(*expr_));
        Result result;
        result.stats = stats_;
        result.missing = missing_;
        result.type = instant_ ? Result::Type::kVector : Result::Type::kMatrix;
        if (value.scalar) {
            result.type = instant_ ? Result::Type::kScalar : Result::Type::kMatrix;
            value.series.push_back(constant(value.number));
        }
        std::sort(value.series.begin(), value.series.end(), [](const auto& a, const auto& b) {
            return a.labels < b.labels;
        });
        for (auto& s : value.series) {
            Series series{std::move(s.labels), {}};
            for (std::size_t i = 0; i < steps_.count; ++i) {
                if (s.present[i]) {
                    series.points.push_back({steps_.at(i), s.values[i]});
                }
            }
            if (!series.points.empty()) {
                result.series.push_back(std::move(series));
            }
        }
        if (series_max_ > 0 && result.series.size() > static_cast<std::size_t>(series_max_)) {
            return absl::InvalidArgumentError(absl::StrCat(
                "maximum number of series (",
                series_max_,
                ") reached for a single query; consider reducing query cardinality by adding more "
                "specific stream selectors, reducing the time range, or aggregating results with "
                "functions like sum(), count() or topk()"));
        }
        return result;
    }

    [[nodiscard]] StepSeries constant(double value) const {
        return {Labels(),
                std::vector<double>(steps_.count, value),
                std::vector<bool>(steps_.count, true)};
    }

    StatusOr<Value> evaluate(const Expr& expr) {
        if (const auto* leaf = std::get_if<logql::RangeAggregation>(&expr.node)) {
            return Value{false, 0, std::move(values_[leaf])};
        }
        if (const auto* number = std::get_if<logql::Literal>(&expr.node)) {
            return Value{true, number->value, {}};
        }
        if (const auto* vector = std::get_if<logql::VectorLiteral>(&expr.node)) {
            return Value{false, 0, {constant(vector->value)}};
        }
        if (const auto* binary = std::get_if<logql::BinaryExpr>(&expr.node)) {
            return evaluate_binary(*binary);
        }
        if (const auto* vector = std::get_if<logql::VectorAggregation>(&expr.node)) {
            return evaluate_vector(*vector);
        }
        return absl::InvalidArgumentError(
            "parse error : a log query cannot be part of a metric query");
    }

    StatusOr<Value> evaluate_vector(const logql::VectorAggregation& node) {
        LOGI_ASSIGN_OR_RETURN(const Value inner, evaluate(*node.inner));
        if (inner.scalar) {
            return absl::InvalidArgumentError(
                "parse error : an aggregation needs a vector, not a number");
        }
        std::map<Labels, std::vector<const StepSeries*>> groups;
        for (const auto& s : inner.series) {
            groups[grouped(s.labels, node.grouping)].push_back(&s);
        }
        Value out;
        for (const auto& [labels, members] : groups) {
            StepSeries group{
                labels, std::vector<double>(steps_.count), std::vector<bool>(steps_.count)};
            std::vector<double> values;
            for (std::size_t i = 0; i < steps_.count; ++i) {
                values.clear();
                for (const StepSeries* s : members) {
                    if (s->present[i]) {
                        values.push_back(s->values[i]);
                    }
                }
                if (!values.empty()) {
                    group.values[i] = aggregate(node.op, values);
                    group.present[i] = true;
                }
            }
            out.series.push_back(std::move(group));
        }
        return out;
    }

    StatusOr<Value> evaluate_binary(const logql::BinaryExpr& node) {
        LOGI_ASSIGN_OR_RETURN(Value left, evaluate(*node.left));
        LOGI_ASSIGN_OR_RETURN(Value right, evaluate(*node.right));
        if (left.scalar && right.scalar) {
            return Value{true, apply(node.op, left.number, right.number), {}};
        }
        if (left.scalar || right.scalar) {
            Value& vector = left.scalar ? right : left;
            for (auto& s : vector.series) {
                for (double& v : s.values) {
                    v = left.scalar ? apply(node.op, left.number, v)
                                    : apply(node.op, v, right.number);
                }
            }
            return std::move(vector);
        }
        std::map<Labels, const StepSeries*> by_labels;
        for (const auto& s : right.series) {
            by_labels[s.labels] = &s;
        }
        Value out;
        for (auto& s : left.series) {
            const auto it = by_labels.find(s.labels);
            if (it == by_labels.end()) {
                continue;
            }
            for (std::size_t i = 0; i < steps_.count; ++i) {
                s.present[i] = s.present[i] && it->second->present[i];
                s.values[i] = apply(node.op, s.values[i], it->second->values[i]);
            }
            out.series.push_back(std::move(s));
        }
        return out;
    }

    io::Executor& executor_;
    const exec::Sources sources_;
    const bool instant_;
    const Steps steps_;
    const std::shared_ptr<const Expr> expr_;
    const std::int64_t series_max_;
    const io::CancelToken cancel_;
    const std::function<void(StatusOr<Result>)> done_;
    std::vector<const logql::RangeAggregation*> leaves_;
    std::map<const logql::RangeAggregation*, std::vector<StepSeries>> values_;
    Stats stats_;
    std::vector<std::string> missing_;
};

std::int64_t floor_to(std::int64_t ns, std::int64_t step) {
    const std::int64_t rest = ns % step;
    return ns - (rest < 0 ? rest + step : rest);
}

}  // namespace

Steps steps_of(const Request& request) {
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

void for_each_range(const Expr& expr,
                    const std::function<void(const logql::RangeAggregation&)>& f) {
    if (const auto* leaf = std::get_if<logql::RangeAggregation>(&expr.node)) {
        f(*leaf);
    } else if (const auto* vector = std::get_if<logql::VectorAggregation>(&expr.node)) {
        for_each_range(*vector->inner, f);
    } else if (const auto* binary = std::get_if<logql::BinaryExpr>(&expr.node)) {
        for_each_range(*binary->left, f);
        for_each_range(*binary->right, f);
    }
}

StatusOr<exec::ScanSpec> scan_spec(const logql::LogExpr& log, Timestamp first, Timestamp last) {
    exec::ScanSpec spec{log.matchers, {}, first, last};
    for (const auto& stage : log.filters) {
        const bool negated =
            stage.op == logql::FilterOp::kNotContains || stage.op == logql::FilterOp::kNotMatches;
        if (stage.op == logql::FilterOp::kContains || stage.op == logql::FilterOp::kNotContains) {
            spec.filters.push_back(regex::LineFilter::substrings(stage.any_of, negated));
            continue;
        }
        auto filter = regex::LineFilter::regexes(stage.any_of, negated);
        if (!filter.ok()) {
            return absl::InvalidArgumentError(
                absl::StrCat("parse error : error parsing regexp: ", filter.status().message()));
        }
        spec.filters.push_back(*std::move(filter));
    }
    return spec;
}

void run_metric_query(io::Executor& executor,
                      exec::Sources sources,
                      const Request& request,
                      std::shared_ptr<const logql::Expr> expr,
                      const Limits& limits,
                      io::CancelToken cancel,
                      std::function<void(StatusOr<Result>)> done) {
    std::make_shared<MetricQuery>(
        executor, std::move(sources), request, std::move(expr), limits, cancel, std::move(done))
        ->next_leaf();
}

}  // namespace logi::query
