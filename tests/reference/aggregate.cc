// Vector aggregations.
#include "grouping.h"
#include "vector.h"

#include <algorithm>
#include <cmath>

namespace logi::reference {
namespace {

using logql::VectorOp;

std::map<LabelMap, Vector> groups_of(const logql::VectorAggregation& node, const Vector& input) {
    std::map<LabelMap, Vector> groups;
    for (const Sample& sample : input) {
        const LabelMap labels =
            node.grouping.has_value() ? grouped(sample.labels, *node.grouping) : LabelMap();
        groups[labels].push_back(sample);
    }
    return groups;
}

double reduce(VectorOp op, const Vector& group) {
    const auto count = static_cast<double>(group.size());
    double sum = 0;
    double least = NAN;
    double most = NAN;
    for (const Sample& s : group) {
        sum += s.value;
        least = std::fmin(least, s.value);
        most = std::fmax(most, s.value);
    }
    double squares = 0;
    for (const Sample& s : group) {
        squares += (s.value - sum / count) * (s.value - sum / count);
    }
    switch (op) {
        case VectorOp::kSum:
            return sum;
        case VectorOp::kAvg:
            return sum / count;
        case VectorOp::kMin:
            return least;
        case VectorOp::kMax:
            return most;
        case VectorOp::kStddev:
            return std::sqrt(squares / count);
        case VectorOp::kStdvar:
            return squares / count;
        default:
            return count;
    }
}

// By value, NaN last, equal values by labels.
void sort_by_value(Vector& samples, bool largest_first) {
    std::stable_sort(samples.begin(), samples.end(), [&](const Sample& a, const Sample& b) {
        if (std::isnan(a.value) != std::isnan(b.value)) {
            return std::isnan(b.value);
        }
        if (a.value != b.value && !std::isnan(a.value)) {
            return largest_first ? a.value > b.value : a.value < b.value;
        }
        return a.labels < b.labels;
    });
}

}  // namespace

Vector aggregate(const logql::VectorAggregation& node, const Vector& input) {
    if (node.op == VectorOp::kSort || node.op == VectorOp::kSortDesc) {
        Vector out = input;
        sort_by_value(out, node.op == VectorOp::kSortDesc);
        return out;
    }
    const bool picks = node.op == VectorOp::kTopk || node.op == VectorOp::kBottomk ||
                       node.op == VectorOp::kApproxTopk;
    Vector out;
    for (auto& [labels, group] : groups_of(node, input)) {
        if (!picks) {
            out.push_back({labels, reduce(node.op, group)});
            continue;
        }
        Vector best = group;
        sort_by_value(best, node.op != VectorOp::kBottomk);
        best.resize(std::min(best.size(), static_cast<std::size_t>(node.parameter)));
        out.insert(out.end(), best.begin(), best.end());
    }
    return out;
}

}  // namespace logi::reference
