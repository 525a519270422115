// Binary operators and label_replace.
#include "grouping.h"
#include "regex/regex.h"
#include "regex/replace.h"
#include "vector.h"

#include <cmath>
#include <memory>

namespace logi::reference {
namespace {

using logql::BinaryOp;
using Cardinality = logql::VectorMatching::Cardinality;

bool is_comparison(BinaryOp op) {
    return op == BinaryOp::kEqual || op == BinaryOp::kNotEqual || op == BinaryOp::kLess ||
           op == BinaryOp::kLessEqual || op == BinaryOp::kGreater || op == BinaryOp::kGreaterEqual;
}

double calculate(BinaryOp op, double a, double b) {
    switch (op) {
        case BinaryOp::kEqual:
            return a == b ? 1 : 0;
        case BinaryOp::kNotEqual:
            return a != b ? 1 : 0;
        case BinaryOp::kLess:
            return a < b ? 1 : 0;
        case BinaryOp::kLessEqual:
            return a <= b ? 1 : 0;
        case BinaryOp::kGreater:
            return a > b ? 1 : 0;
        case BinaryOp::kGreaterEqual:
            return a >= b ? 1 : 0;
        case BinaryOp::kAdd:
            return a + b;
        case BinaryOp::kSub:
            return a - b;
        case BinaryOp::kMul:
            return a * b;
        case BinaryOp::kDiv:
            return b == 0 ? NAN : a / b;
        case BinaryOp::kMod:
            return b == 0 ? NAN : std::fmod(a, b);
        default:
            return std::pow(a, b);
    }
}

// The value that two values give, or nothing if a comparison filters it out; then `kept` is what it
// lets through.
std::optional<double> combined(const logql::BinaryExpr& node, double a, double b, double kept) {
    const double value = calculate(node.op, a, b);
    if (is_comparison(node.op) && !node.return_bool) {
        return value == 1 ? std::optional(kept) : std::nullopt;
    }
    return value;
}

Vector with_number(const logql::BinaryExpr& node, const Value& left, const Value& right) {
    Vector out;
    for (const Sample& s : left.number.has_value() ? right.samples : left.samples) {
        const double a = left.number.value_or(s.value);
        const double b = right.number.value_or(s.value);
        if (const auto value = combined(node, a, b, s.value); value.has_value()) {
            out.push_back({s.labels, *value});
        }
    }
    return out;
}

LabelMap key(const LabelMap& labels, const logql::VectorMatching& matching) {
    return only(labels, matching.labels, matching.on);
}

Vector set_operation(BinaryOp op,
                     const logql::VectorMatching& matching,
                     const Vector& left,
                     const Vector& right) {
    const auto occurs_in = [&](const Vector& vector, const Sample& sample) {
        for (const Sample& s : vector) {
            if (key(s.labels, matching) == key(sample.labels, matching)) {
                return true;
            }
        }
        return false;
    };
    Vector out;
    for (const Sample& s : left) {
        if (op == BinaryOp::kOr || occurs_in(right, s) == (op == BinaryOp::kAnd)) {
            out.push_back(s);
        }
    }
    for (const Sample& s : right) {
        if (op == BinaryOp::kOr && !occurs_in(left, s)) {
            out.push_back(s);
        }
    }
    return out;
}

LabelMap result_labels(const LabelMap& many,
                       const LabelMap& one,
                       const logql::VectorMatching& matching) {
    if (matching.cardinality == Cardinality::kOneToOne) {
        return key(many, matching);
    }
    LabelMap out = many;
    for (const std::string& name : matching.include) {
        out.erase(name);
        const auto it = one.find(name);
        if (it != one.end() && !it->second.empty()) {
            out[name] = it->second;
        }
    }
    return out;
}

StatusOr<Vector> match(const logql::BinaryExpr& node,
                       const logql::VectorMatching& matching,
                       const Vector& left,
                       const Vector& right) {
    const bool one_to_one = matching.cardinality == Cardinality::kOneToOne;
    const bool many_is_right = matching.cardinality == Cardinality::kOneToMany;
    std::map<LabelMap, const Sample*> ones;
    for (const Sample& s : many_is_right ? left : right) {
        if (!ones.emplace(key(s.labels, matching), &s).second) {
            return absl::InternalError("found duplicate series");
        }
    }
    Vector out;
    std::set<LabelMap> used;
    for (const Sample& many : many_is_right ? right : left) {
        const auto it = ones.find(key(many.labels, matching));
        if (it == ones.end()) {
            continue;
        }
        const Sample& one = *it->second;
        if (one_to_one && !used.insert(it->first).second) {
            return absl::InternalError("multiple matches for labels");
        }
        const double a = many_is_right ? one.value : many.value;
        const double b = many_is_right ? many.value : one.value;
        const auto value = combined(node, a, b, a);
        if (!value.has_value()) {
            continue;
        }
        const LabelMap labels = result_labels(many.labels, one.labels, matching);
        if (!one_to_one && !used.insert(labels).second) {
            return absl::InternalError("multiple matches for labels");
        }
        out.push_back({labels, *value});
    }
    return out;
}

}  // namespace

StatusOr<Value> combine(const logql::BinaryExpr& node, const Value& left, const Value& right) {
    if (left.number.has_value() && right.number.has_value()) {
        return Value{calculate(node.op, *left.number, *right.number), {}};
    }
    if (left.number.has_value() || right.number.has_value()) {
        return Value{std::nullopt, with_number(node, left, right)};
    }
    const auto matching = node.matching.value_or(logql::VectorMatching());
    if (node.op == BinaryOp::kOr || node.op == BinaryOp::kAnd || node.op == BinaryOp::kUnless) {
        return Value{std::nullopt, set_operation(node.op, matching, left.samples, right.samples)};
    }
    LOGI_ASSIGN_OR_RETURN(Vector samples, match(node, matching, left.samples, right.samples));
    return Value{std::nullopt, std::move(samples)};
}

StatusOr<Vector> replace_label(const logql::LabelReplace& node, const Vector& input) {
    regex::Regex::Options options;
    options.anchored = true;
    LOGI_ASSIGN_OR_RETURN(const std::unique_ptr<const regex::Regex> regex,
                          regex::Regex::compile(node.regex, options));
    const regex::Replacement replacement(*regex, node.replacement);
    Vector out;
    for (Sample sample : input) {
        const auto source = sample.labels.find(node.source);
        const std::string text = source == sample.labels.end() ? "" : source->second;
        std::vector<std::string_view> groups;
        if (regex->find(text, 0, groups)) {
            std::string value;
            replacement.expand(groups, [&](std::string_view piece) { value.append(piece); });
            sample.labels.erase(node.destination);
            if (!value.empty()) {
                sample.labels[node.destination] = value;
            }
        }
        out.push_back(std::move(sample));
    }
    return out;
}

}  // namespace logi::reference
