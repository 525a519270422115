#include "exec/binary.h"

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "exec/grouping.h"
#include "logql/fold.h"

namespace logi::exec {
namespace {

using logql::BinaryOp;
using Cardinality = logql::VectorMatching::Cardinality;

bool is_comparison(BinaryOp op) {
    return op >= BinaryOp::kEqual && op <= BinaryOp::kGreaterEqual;
}

bool is_set_operation(BinaryOp op) {
    return op <= BinaryOp::kUnless;
}

// Appends what the operator makes of two values at a step: nothing where a comparison filters it
// out; `kept` is the value that a comparison without bool keeps.
void combine(const logql::BinaryExpr& node,
             std::uint32_t step,
             double a,
             double b,
             double kept,
             StepSeries& out) {
    const double value = logql::fold(node.op, a, b);
    if (!is_comparison(node.op) || node.return_bool) {
        out.add(step, value);
    } else if (value != 0) {
        out.add(step, kept);
    }
}

Value with_number(const logql::BinaryExpr& node, Value left, Value right) {
    const bool number_left = left.scalar;
    const double number = number_left ? left.number : right.number;
    Value out;
    for (StepSeries& series : number_left ? right.series : left.series) {
        StepSeries result{std::move(series.labels), {}, {}};
        for (std::size_t i = 0; i < series.steps.size(); ++i) {
            const double v = series.values[i];
            combine(node,
                    series.steps[i],
                    number_left ? number : v,
                    number_left ? v : number,
                    v,
                    result);
        }
        if (!result.steps.empty()) {
            out.series.push_back(std::move(result));
        }
    }
    return out;
}

using Signature = base::Hash128;
using Signatures = absl::flat_hash_map<Signature, std::vector<const StepSeries*>>;

Signature signature(const StepSeries& series, const logql::VectorMatching& matching) {
    return matched(series.labels, matching).id();
}

// ---- and, or, unless

class Presence {
  public:
    Presence(const StepVector& series,
             const logql::VectorMatching& matching,
             std::size_t step_count) {
        for (const StepSeries& s : series) {
            auto& steps = by_signature_[signature(s, matching)];
            steps.resize(step_count);
            for (const std::uint32_t step : s.steps) {
                steps[step] = true;
            }
        }
    }
    // Moves to `out` the values of `series` at steps where the signature's presence is `wanted`.
    void filter(StepSeries& series,
                const logql::VectorMatching& matching,
                bool wanted,
                StepVector& out) const {
        const auto it = by_signature_.find(signature(series, matching));
        StepSeries kept{std::move(series.labels), {}, {}};
        for (std::size_t i = 0; i < series.steps.size(); ++i) {
            const bool present = it != by_signature_.end() && it->second[series.steps[i]];
            if (present == wanted) {
                kept.add(series.steps[i], series.values[i]);
            }
        }
        if (!kept.steps.empty()) {
            out.push_back(std::move(kept));
        }
    }

  private:
    absl::flat_hash_map<Signature, std::vector<bool>> by_signature_;
};

Value set_operation(BinaryOp op,
                    const logql::VectorMatching& matching,
                    Value left,
                    Value right,
                    std::size_t step_count) {
    Value out;
    if (op == BinaryOp::kOr) {
        const Presence presence(left.series, matching, step_count);
        out.series = std::move(left.series);
        for (StepSeries& s : right.series) {
            presence.filter(s, matching, false, out.series);
        }
        return out;
    }
    const Presence presence(right.series, matching, step_count);
    for (StepSeries& s : left.series) {
        presence.filter(s, matching, op == BinaryOp::kAnd, out.series);
    }
    return out;
}

// ---- arithmetic and comparison between vectors

// The series of the side of which each signature may have one at a step.
StatusOr<Signatures> unique_side(const StepVector& series,
                                 const logql::VectorMatching& matching,
                                 std::string_view side) {
    Signatures out;
    for (const StepSeries& s : series) {
        out[signature(s, matching)].push_back(&s);
    }
    for (const auto& [key, members] : out) {
        absl::flat_hash_set<std::uint32_t> seen;
        for (const StepSeries* s : members) {
            for (const std::uint32_t step : s->steps) {
                if (members.size() > 1 && !seen.insert(step).second) {
                    return absl::InternalError("found duplicate series on the " +
                                               std::string(side) +
                                               " hand-side;many-to-many matching not allowed: "
                                               "matching labels must be unique on one side");
                }
            }
        }
    }
    return out;
}

Labels result_labels(const Labels& many, const Labels& one, const logql::VectorMatching& matching) {
    if (matching.cardinality == Cardinality::kOneToOne) {
        return matched(many, matching);
    }
    std::vector<LabelPair> pairs;
    for (const auto& pair : many.pairs()) {
        const auto& names = matching.include;
        if (std::find(names.begin(), names.end(), pair.name) == names.end()) {
            pairs.push_back(pair);
        }
    }
    for (const std::string& name : matching.include) {
        if (const std::string_view value = one.get(name); !value.empty()) {
            pairs.push_back({name, std::string(value)});
        }
    }
    return Labels::of_result(std::move(pairs));
}

class VectorPair {
  public:
    VectorPair(const logql::BinaryExpr& node, const logql::VectorMatching& matching)
        : node_(node),
          matching_(matching),
          swapped_(matching.cardinality == Cardinality::kOneToMany) {}

    StatusOr<Value> apply(const Value& left, const Value& right) {
        const Value& many = swapped_ ? right : left;
        const Value& one = swapped_ ? left : right;
        LOGI_ASSIGN_OR_RETURN(const Signatures ones,
                              unique_side(one.series, matching_, swapped_ ? "left" : "right"));
        for (const StepSeries& series : many.series) {
            const Signature key = signature(series, matching_);
            const auto it = ones.find(key);
            if (it == ones.end()) {
                continue;
            }
            for (const StepSeries* partner : it->second) {
                LOGI_RETURN_IF_ERROR(pair(series, *partner, key));
            }
        }
        return std::move(out_);
    }

  private:
    Status pair(const StepSeries& many, const StepSeries& one, const Signature& key) {
        StepSeries result{result_labels(many.labels, one.labels, matching_), {}, {}};
        const bool grouped = matching_.cardinality != Cardinality::kOneToOne;
        auto& taken = taken_[grouped ? result.labels.id() : key];
        std::size_t b = 0;
        for (std::size_t a = 0; a < many.steps.size(); ++a) {
            while (b < one.steps.size() && one.steps[b] < many.steps[a]) {
                ++b;
            }
            if (b == one.steps.size() || one.steps[b] != many.steps[a]) {
                continue;
            }
            const double x = swapped_ ? one.values[b] : many.values[a];
            const double y = swapped_ ? many.values[a] : one.values[b];
            const std::size_t before = result.steps.size();
            combine(node_, many.steps[a], x, y, x, result);
            if ((!grouped || result.steps.size() > before) && !taken.insert(many.steps[a]).second) {
                return absl::InternalError(
                    grouped ? "multiple matches for labels: grouping labels must ensure unique "
                              "matches"
                            : "multiple matches for labels: many-to-one matching must be explicit "
                              "(group_left/group_right)");
            }
        }
        if (!result.steps.empty()) {
            out_.series.push_back(std::move(result));
        }
        return absl::OkStatus();
    }

    const logql::BinaryExpr& node_;
    const logql::VectorMatching& matching_;
    const bool swapped_;
    Value out_;
    // Steps at which a signature (one to one) or a result's labels (grouped) have been used.
    absl::flat_hash_map<base::Hash128, absl::flat_hash_set<std::uint32_t>> taken_;
};

}  // namespace

StatusOr<Value> apply_binary(const logql::BinaryExpr& node,
                             Value left,
                             Value right,
                             std::size_t step_count) {
    if (left.scalar && right.scalar) {
        return Value{true, logql::fold(node.op, left.number, right.number), {}};
    }
    if (left.scalar || right.scalar) {
        return with_number(node, std::move(left), std::move(right));
    }
    const logql::VectorMatching matching = node.matching.value_or(logql::VectorMatching());
    if (is_set_operation(node.op)) {
        return set_operation(node.op, matching, std::move(left), std::move(right), step_count);
    }
    return VectorPair(node, matching).apply(left, right);
}

}  // namespace logi::exec
