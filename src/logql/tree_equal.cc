#include "logql/tree_equal.h"

#include <bit>
#include <cmath>
#include <tuple>
#include <type_traits>

namespace logi::logql {
namespace {

// ---- the fields of every struct of the tree

auto fields(const Matcher& x) {
    return std::make_tuple(x.name(), x.op(), x.value());
}
auto fields(const LineFilterStage::Alternative& x) {
    return std::tie(x.text, x.ip);
}
auto fields(const LineFilterStage& x) {
    return std::tie(x.op, x.any_of);
}
auto fields(const Extraction& x) {
    return std::tie(x.name, x.path);
}
auto fields(const JsonStage& x) {
    return std::tie(x.extractions);
}
auto fields(const LogfmtStage& x) {
    return std::tie(x.strict, x.keep_empty, x.extractions);
}
auto fields(const PatternStage& x) {
    return std::tie(x.pattern);
}
auto fields(const RegexpStage& x) {
    return std::tie(x.regex);
}
auto fields(const UnpackStage& /*x*/) {
    return std::tuple<>();
}
auto fields(const LineFormatStage& x) {
    return std::tie(x.text);
}
auto fields(const LabelFormatStage::Assignment& x) {
    return std::tie(x.name, x.value, x.rename);
}
auto fields(const LabelFormatStage& x) {
    return std::tie(x.assignments);
}
auto fields(const DecolorizeStage& /*x*/) {
    return std::tuple<>();
}
auto fields(const NameOrMatcher& x) {
    return std::tie(x.name, x.matcher);
}
auto fields(const DropStage& x) {
    return std::tie(x.items);
}
auto fields(const KeepStage& x) {
    return std::tie(x.items);
}
auto fields(const IpFilter& x) {
    return std::tie(x.name, x.negated, x.pattern);
}
auto fields(const NumberFilter& x) {
    return std::tie(x.name, x.op, x.value);
}
auto fields(const DurationFilter& x) {
    return std::tie(x.name, x.op, x.value.ns);
}
auto fields(const BytesFilter& x) {
    return std::tie(x.name, x.op, x.value);
}
auto fields(const AndFilter& x) {
    return std::tie(x.left, x.right);
}
auto fields(const OrFilter& x) {
    return std::tie(x.left, x.right);
}
auto fields(const LabelFilter& x) {
    return std::tie(x.node);
}
auto fields(const LabelFilterStage& x) {
    return std::tie(x.filter);
}
auto fields(const LogExpr& x) {
    return std::tie(x.matchers, x.stages);
}
auto fields(const Grouping& x) {
    return std::tie(x.without, x.labels);
}
auto fields(const Unwrap& x) {
    return std::tie(x.label, x.conversion, x.filters);
}
auto fields(const RangeAggregation& x) {
    return std::tie(x.op, x.parameter, x.log, x.unwrap, x.range.ns, x.offset.ns, x.grouping);
}
auto fields(const VectorAggregation& x) {
    return std::tie(x.op, x.parameter, x.grouping, x.inner);
}
auto fields(const Literal& x) {
    return std::tie(x.value);
}
auto fields(const VectorLiteral& x) {
    return std::tie(x.value);
}
auto fields(const LabelReplace& x) {
    return std::tie(x.inner, x.destination, x.replacement, x.source, x.regex);
}
auto fields(const VectorMatching& x) {
    return std::tie(x.on, x.labels, x.cardinality, x.include);
}
auto fields(const BinaryExpr& x) {
    return std::tie(x.op, x.return_bool, x.matching, x.left, x.right);
}
auto fields(const Expr& x) {
    return std::tie(x.node);
}

// ---- comparison by the kind of a field

struct Same {
    template <typename T>
    bool operator()(const T& a, const T& b) const {
        if constexpr (requires { fields(a); }) {
            return (*this)(fields(a), fields(b));
        } else {
            return a == b;
        }
    }
    bool operator()(double a, double b) const {
        return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b) ||
               (std::isnan(a) && std::isnan(b));
    }
    template <typename... T>
    bool operator()(const std::tuple<T...>& a, const std::tuple<T...>& b) const {
        return all(a, b, std::index_sequence_for<T...>());
    }
    template <typename T>
    bool operator()(const std::vector<T>& a, const std::vector<T>& b) const {
        return std::equal(a.begin(), a.end(), b.begin(), b.end(), *this);
    }
    template <typename T>
    bool operator()(const std::optional<T>& a, const std::optional<T>& b) const {
        return a.has_value() == b.has_value() && (!a.has_value() || (*this)(*a, *b));
    }
    bool operator()(const ExprPtr& a, const ExprPtr& b) const { return (*this)(*a, *b); }
    bool operator()(const LabelFilterPtr& a, const LabelFilterPtr& b) const {
        return (*this)(*a, *b);
    }
    template <typename... T>
    bool operator()(const std::variant<T...>& a, const std::variant<T...>& b) const {
        return a.index() == b.index() && std::visit(
                                             [&](const auto& x) {
                                                 using X = std::decay_t<decltype(x)>;
                                                 return (*this)(x, std::get<X>(b));
                                             },
                                             a);
    }

  private:
    template <typename Tuple, std::size_t... I>
    bool all(const Tuple& a, const Tuple& b, std::index_sequence<I...> /*indices*/) const {
        return ((*this)(std::get<I>(a), std::get<I>(b)) && ...);
    }
};

}  // namespace

bool equal(const Expr& a, const Expr& b) {
    return Same()(a, b);
}

}  // namespace logi::logql
