#include "exec/vector_aggregate.h"

#include "absl/container/flat_hash_map.h"
#include "exec/float_sum.h"
#include "exec/grouping.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace logi::exec {
namespace {

using logql::VectorOp;

struct Group {
    Labels labels;
    std::vector<std::size_t> members;
};

std::vector<Group> group(const StepVector& input, const std::optional<logql::Grouping>& grouping) {
    std::vector<Group> groups;
    absl::flat_hash_map<StreamId, std::size_t> index;
    for (std::size_t i = 0; i < input.size(); ++i) {
        Labels labels = grouping.has_value() ? grouped(input[i].labels, *grouping) : Labels();
        const auto [it, is_new] = index.try_emplace(labels.id(), groups.size());
        if (is_new) {
            groups.push_back({std::move(labels), {}});
        }
        groups[it->second].members.push_back(i);
    }
    return groups;
}

// The values of a group at one step, reduced.
class Reduction {
  public:
    void add(double value) {
        ++count_;
        sum_.add(value);
        moments_.add(value);
        least_ = std::fmin(least_, value);
        most_ = std::fmax(most_, value);
    }
    [[nodiscard]] bool empty() const { return count_ == 0; }
    [[nodiscard]] double value(VectorOp op) const {
        switch (op) {
            case VectorOp::kSum:
                return sum_.value();
            case VectorOp::kAvg:
                return sum_.value() / static_cast<double>(count_);
            case VectorOp::kMin:
                return least_;
            case VectorOp::kMax:
                return most_;
            case VectorOp::kStddev:
                return std::sqrt(moments_.variance());
            case VectorOp::kStdvar:
                return moments_.variance();
            default:
                return static_cast<double>(count_);
        }
    }

  private:
    std::uint64_t count_ = 0;
    FloatSum sum_;
    Moments moments_;
    double least_ = std::numeric_limits<double>::quiet_NaN();
    double most_ = std::numeric_limits<double>::quiet_NaN();
};

StepVector reduce(VectorOp op,
                  const StepVector& input,
                  std::vector<Group> groups,
                  std::size_t step_count) {
    StepVector out;
    std::vector<Reduction> reductions;
    for (Group& group : groups) {
        reductions.assign(step_count, Reduction());
        for (const std::size_t member : group.members) {
            const StepSeries& series = input[member];
            for (std::size_t i = 0; i < series.steps.size(); ++i) {
                reductions[series.steps[i]].add(series.values[i]);
            }
        }
        StepSeries reduced{std::move(group.labels), {}, {}};
        for (std::uint32_t step = 0; step < step_count; ++step) {
            if (!reductions[step].empty()) {
                reduced.add(step, reductions[step].value(op));
            }
        }
        out.push_back(std::move(reduced));
    }
    return out;
}

// Whether `a` comes before `b` in the order of topk (largest first) or bottomk; NaN comes last.
bool better(double a, double b, bool largest) {
    if (std::isnan(a) || std::isnan(b)) {
        return !std::isnan(a) && std::isnan(b);
    }
    return largest ? a > b : a < b;
}

// The k best values of a group at each step; series keep their labels.
class BestOfGroup {
  public:
    BestOfGroup(const StepVector& input, std::size_t k, bool largest, std::size_t step_count)
        : input_(input), k_(k), largest_(largest), best_(step_count) {}

    void select(std::vector<std::size_t> members, StepVector& out) {
        std::sort(members.begin(), members.end(), [&](std::size_t a, std::size_t b) {
            return input_[a].labels < input_[b].labels;
        });
        for (std::size_t rank = 0; rank < members.size(); ++rank) {
            const StepSeries& series = input_[members[rank]];
            for (std::size_t i = 0; i < series.steps.size(); ++i) {
                offer(best_[series.steps[i]], {series.values[i], rank});
            }
        }
        StepVector chosen(members.size());
        for (std::uint32_t step = 0; step < best_.size(); ++step) {
            for (const Candidate& c : best_[step]) {
                chosen[c.rank].add(step, c.value);
            }
            best_[step].clear();
        }
        for (std::size_t rank = 0; rank < members.size(); ++rank) {
            if (!chosen[rank].steps.empty()) {
                chosen[rank].labels = input_[members[rank]].labels;
                out.push_back(std::move(chosen[rank]));
            }
        }
    }

  private:
    struct Candidate {
        double value;
        std::size_t rank;
    };

    // `heap` has its worst candidate in front.
    void offer(std::vector<Candidate>& heap, Candidate candidate) const {
        const auto before = [this](const Candidate& a, const Candidate& b) {
            if (better(a.value, b.value, largest_) || better(b.value, a.value, largest_)) {
                return better(a.value, b.value, largest_);
            }
            return a.rank < b.rank;
        };
        if (heap.size() == k_) {
            if (!before(candidate, heap.front())) {
                return;
            }
            std::pop_heap(heap.begin(), heap.end(), before);
            heap.pop_back();
        }
        heap.push_back(candidate);
        std::push_heap(heap.begin(), heap.end(), before);
    }

    const StepVector& input_;
    const std::size_t k_;
    const bool largest_;
    std::vector<std::vector<Candidate>> best_;  // by step
};

StepVector sorted(StepVector input, bool descending) {
    const auto first_value = [](const StepSeries& s) {
        return s.values.empty() ? std::numeric_limits<double>::quiet_NaN() : s.values.front();
    };
    std::sort(input.begin(), input.end(), [&](const StepSeries& a, const StepSeries& b) {
        const double x = first_value(a);
        const double y = first_value(b);
        if (better(x, y, descending) || better(y, x, descending)) {
            return better(x, y, descending);
        }
        return a.labels < b.labels;
    });
    return input;
}

}  // namespace

StepVector aggregate_vector(const logql::VectorAggregation& node,
                            StepVector input,
                            std::size_t step_count) {
    switch (node.op) {
        case VectorOp::kSort:
        case VectorOp::kSortDesc:
            return sorted(std::move(input), node.op == VectorOp::kSortDesc);
        case VectorOp::kTopk:
        case VectorOp::kApproxTopk:
        case VectorOp::kBottomk: {
            StepVector out;
            BestOfGroup best(input,
                             static_cast<std::size_t>(node.parameter),
                             node.op != VectorOp::kBottomk,
                             step_count);
            for (Group& g : group(input, node.grouping)) {
                best.select(std::move(g.members), out);
            }
            return out;
        }
        default:
            return reduce(node.op, input, group(input, node.grouping), step_count);
    }
}

}  // namespace logi::exec
