#include "metric.h"

#include "grouping.h"
#include "samples.h"
#include "vector.h"

#include <algorithm>

namespace logi::reference {
namespace {

using logql::Expr;
using logql::RangeAggregation;
using logql::RangeOp;
using logql::VectorOp;

// A sum hands its grouping down to a range aggregation that has none.
bool takes_grouping_of_sum(RangeOp op) {
    return op == RangeOp::kBytesOverTime || op == RangeOp::kBytesRate || op == RangeOp::kRate ||
           op == RangeOp::kCountOverTime || op == RangeOp::kSumOverTime;
}

// The labels of equality matchers whose names no other matcher has.
LabelMap labels_of_selector(const std::vector<Matcher>& matchers) {
    LabelMap out;
    for (const Matcher& matcher : matchers) {
        const auto uses = std::count_if(matchers.begin(), matchers.end(), [&](const Matcher& m) {
            return m.name() == matcher.name();
        });
        if (uses == 1 && matcher.op() == MatchOp::kEqual && !matcher.value().empty()) {
            out[matcher.name()] = matcher.value();
        }
    }
    return out;
}

class Evaluation {
  public:
    Evaluation(const std::vector<Entry>& entries, Timestamp now) : entries_(entries), now_(now) {}

    // Takes the samples of every range aggregation.
    Status prepare(const Expr& expr) {
        if (const auto* range = std::get_if<RangeAggregation>(&expr.node)) {
            return take_samples(*range, range->grouping);
        }
        if (const auto* vector = std::get_if<logql::VectorAggregation>(&expr.node)) {
            const auto* range = std::get_if<RangeAggregation>(&vector->inner->node);
            if (range != nullptr && vector->op == VectorOp::kSum &&
                takes_grouping_of_sum(range->op) && !range->grouping.has_value()) {
                return take_samples(*range, vector->grouping.value_or(logql::Grouping()));
            }
            return prepare(*vector->inner);
        }
        if (const auto* replace = std::get_if<logql::LabelReplace>(&expr.node)) {
            return prepare(*replace->inner);
        }
        if (const auto* binary = std::get_if<logql::BinaryExpr>(&expr.node)) {
            LOGI_RETURN_IF_ERROR(prepare(*binary->left));
            return prepare(*binary->right);
        }
        return absl::OkStatus();
    }

    // Kinds of errors in the windows of these moments.
    [[nodiscard]] std::set<std::string> errors(const std::vector<Timestamp>& steps) const {
        std::set<std::string> out;
        for (const auto* all : {&samples_, &lines_}) {
            for (const auto& [range, samples] : *all) {
                for (const Timestamp t : steps) {
                    for (const RangeSample* s : window(*range, samples, t)) {
                        if (!s->error.empty()) {
                            out.insert(s->error);
                        }
                    }
                }
            }
        }
        return out;
    }

    [[nodiscard]] StatusOr<Value> at(const Expr& expr, Timestamp t) const {
        if (const auto* range = std::get_if<RangeAggregation>(&expr.node)) {
            return Value{std::nullopt, range_at(*range, t)};
        }
        if (const auto* vector = std::get_if<logql::VectorAggregation>(&expr.node)) {
            LOGI_ASSIGN_OR_RETURN(Value inner, at(*vector->inner, t));
            if (inner.number.has_value()) {
                inner.samples.push_back({{}, *inner.number});
            }
            return Value{std::nullopt, aggregate(*vector, inner.samples)};
        }
        if (const auto* replace = std::get_if<logql::LabelReplace>(&expr.node)) {
            LOGI_ASSIGN_OR_RETURN(const Value inner, at(*replace->inner, t));
            if (inner.number.has_value()) {
                return absl::InvalidArgumentError("label_replace needs a vector");
            }
            LOGI_ASSIGN_OR_RETURN(Vector samples, replace_label(*replace, inner.samples));
            return Value{std::nullopt, std::move(samples)};
        }
        if (const auto* binary = std::get_if<logql::BinaryExpr>(&expr.node)) {
            LOGI_ASSIGN_OR_RETURN(const Value left, at(*binary->left, t));
            LOGI_ASSIGN_OR_RETURN(const Value right, at(*binary->right, t));
            return combine(*binary, left, right);
        }
        if (const auto* vector = std::get_if<logql::VectorLiteral>(&expr.node)) {
            return Value{std::nullopt, {{{}, vector->value}}};
        }
        return Value{std::get<logql::Literal>(expr.node).value, {}};
    }

  private:
    Status take_samples(const RangeAggregation& range,
                        const std::optional<logql::Grouping>& grouping) {
        LOGI_ASSIGN_OR_RETURN(samples_[&range], samples_of(entries_, range, grouping, now_));
        if (!divides_by_lines(range)) {
            return absl::OkStatus();
        }
        // Lines are grouped as values are: without the label of the values.
        RangeAggregation lines = range;
        lines.op = RangeOp::kCountOverTime;
        lines.unwrap.reset();
        auto grouping_of_lines = *range.grouping;
        if (grouping_of_lines.without) {
            grouping_of_lines.labels.push_back(range.unwrap->label);
        }
        LOGI_ASSIGN_OR_RETURN(lines_[&range], samples_of(entries_, lines, grouping_of_lines, now_));
        return absl::OkStatus();
    }

    // An average with a grouping is that of all lines, also of those that have no value.
    static bool divides_by_lines(const RangeAggregation& range) {
        return range.op == RangeOp::kAvgOverTime && range.grouping.has_value();
    }

    [[nodiscard]] Vector average_of_lines(const RangeAggregation& range, Timestamp t) const {
        std::map<LabelMap, double> sums;
        std::map<LabelMap, double> counts;
        for (const RangeSample* s : window(range, samples_.at(&range), t)) {
            sums[grouped(s->series, *range.grouping)] += s->value;
        }
        for (const RangeSample* s : window(range, lines_.at(&range), t)) {
            counts[grouped(s->series, *range.grouping)] += 1;
        }
        Vector out;
        for (const auto& [labels, sum] : sums) {
            out.push_back({labels, sum / counts[labels]});
        }
        return out;
    }

    // (t - offset - range, t - offset]
    static std::vector<const RangeSample*> window(const RangeAggregation& range,
                                                  const std::vector<RangeSample>& samples,
                                                  Timestamp t) {
        const Timestamp last = t - range.offset;
        std::vector<const RangeSample*> out;
        for (const RangeSample& s : samples) {
            if (s.time > last - range.range && s.time <= last) {
                out.push_back(&s);
            }
        }
        return out;
    }

    [[nodiscard]] Vector range_at(const RangeAggregation& range, Timestamp t) const {
        if (divides_by_lines(range)) {
            return average_of_lines(range, t);
        }
        std::map<LabelMap, std::vector<const RangeSample*>> series;
        for (const RangeSample* s : window(range, samples_.at(&range), t)) {
            series[s->series].push_back(s);
        }
        if (range.op == RangeOp::kAbsentOverTime) {
            return series.empty() ? Vector{{labels_of_selector(range.log.matchers), 1}} : Vector();
        }
        Vector out;
        for (const auto& [labels, samples] : series) {
            out.push_back({labels, range_value(range, samples)});
        }
        return out;
    }

    const std::vector<Entry>& entries_;
    const Timestamp now_;
    using Samples = std::map<const RangeAggregation*, std::vector<RangeSample>>;
    Samples samples_;
    Samples lines_;  // of averages that are divided by lines
};

bool has_sort(const Expr& expr) {
    if (const auto* vector = std::get_if<logql::VectorAggregation>(&expr.node)) {
        return vector->op == VectorOp::kSort || vector->op == VectorOp::kSortDesc ||
               has_sort(*vector->inner);
    }
    if (const auto* replace = std::get_if<logql::LabelReplace>(&expr.node)) {
        return has_sort(*replace->inner);
    }
    if (const auto* binary = std::get_if<logql::BinaryExpr>(&expr.node)) {
        return has_sort(*binary->left) || has_sort(*binary->right);
    }
    return false;
}

bool has_approx_topk(const Expr& expr) {
    if (const auto* vector = std::get_if<logql::VectorAggregation>(&expr.node)) {
        return vector->op == VectorOp::kApproxTopk || has_approx_topk(*vector->inner);
    }
    if (const auto* replace = std::get_if<logql::LabelReplace>(&expr.node)) {
        return has_approx_topk(*replace->inner);
    }
    if (const auto* binary = std::get_if<logql::BinaryExpr>(&expr.node)) {
        return has_approx_topk(*binary->left) || has_approx_topk(*binary->right);
    }
    return false;
}

void add_instant(const Expr& expr, Timestamp t, const Value& value, Answer& answer) {
    answer.scalar = value.number.has_value();
    for (const Sample& s : value.samples) {
        answer.series.push_back({s.labels, {{t, s.value}}});
    }
    if (value.number.has_value()) {
        answer.series.push_back({{}, {{t, *value.number}}});
    }
    if (!has_sort(expr)) {
        std::stable_sort(answer.series.begin(),
                         answer.series.end(),
                         [](const Series& a, const Series& b) { return a.labels < b.labels; });
    }
}

void add_points(Timestamp t, const Value& value, std::map<LabelMap, std::vector<Point>>& series) {
    for (const Sample& s : value.samples) {
        series[s.labels].push_back({t, s.value});
    }
    if (value.number.has_value()) {
        series[{}].push_back({t, *value.number});
    }
}

}  // namespace

std::vector<Timestamp> steps_of(const Request& request) {
    if (request.instant) {
        return {request.end};
    }
    Timestamp first = request.start;
    Timestamp last = request.end;
    if (request.align_to_step) {
        const std::int64_t step = request.step.ns;
        const Timestamp down{request.start.ns / step * step};
        const Timestamp up{(request.end.ns + step - 1) / step * step};
        if (down != up) {
            first = down;
            last = up;
        }
    }
    std::vector<Timestamp> out;
    for (Timestamp t = first; t <= last; t = t + request.step) {
        out.push_back(t);
    }
    return out;
}

StatusOr<Answer> evaluate_metric(const std::vector<Entry>& entries,
                                 const Expr& expr,
                                 const Request& request) {
    const auto steps = steps_of(request);
    Evaluation evaluation(entries, request.now);
    LOGI_RETURN_IF_ERROR(evaluation.prepare(expr));
    Answer answer;
    answer.pipeline_errors = evaluation.errors(steps);
    if (!answer.pipeline_errors.empty()) {
        return answer;
    }
    if (has_approx_topk(expr) && !request.instant) {
        return absl::InternalError("count min sketches are only supported on instant queries");
    }
    std::map<LabelMap, std::vector<Point>> series;
    for (const Timestamp t : steps) {
        LOGI_ASSIGN_OR_RETURN(const Value value, evaluation.at(expr, t));
        if (request.instant) {
            add_instant(expr, t, value, answer);
        } else {
            add_points(t, value, series);
        }
    }
    for (auto& [labels, points] : series) {
        answer.series.push_back({labels, std::move(points)});
    }
    if (request.series_max > 0 && answer.series.size() > request.series_max) {
        return absl::InvalidArgumentError("maximum number of series reached");
    }
    return answer;
}

}  // namespace logi::reference
