// The typed tree of a LogQL query. Owned by its root; immutable once parsed.
#pragma once

#include "base/time.h"
#include "model/matcher.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace logi::logql {

struct Expr;
using ExprPtr = std::unique_ptr<Expr>;

// ---- stages of a pipeline

enum class FilterOp { kContains, kNotContains, kMatches, kNotMatches, kPattern, kNotPattern };

// |= "a" or "b": a line passes if any of the alternatives holds; with a negative operator, if none.
struct LineFilterStage {
    struct Alternative {
        std::string text;
        bool ip = false;  // ip("…")
    };
    FilterOp op = FilterOp::kContains;
    std::vector<Alternative> any_of;
};

// name="path" of json and logfmt; path is the name where none is given.
struct Extraction {
    std::string name;
    std::string path;
};

struct JsonStage {
    std::vector<Extraction> extractions;  // empty: all fields
};

struct LogfmtStage {
    bool strict = false;
    bool keep_empty = false;
    std::vector<Extraction> extractions;  // empty: all fields
};

struct PatternStage {
    std::string pattern;
};

struct RegexpStage {
    std::string regex;
};

struct UnpackStage {};

struct LineFormatStage {
    std::string text;
};

struct LabelFormatStage {
    struct Assignment {
        std::string name;
        std::string value;  // a template, or the name of the label to rename
        bool rename = false;
    };
    std::vector<Assignment> assignments;
};

struct DecolorizeStage {};

// drop or keep: a bare name, or a matcher on the value.
struct NameOrMatcher {
    std::string name;
    std::optional<Matcher> matcher;
};

struct DropStage {
    std::vector<NameOrMatcher> items;
};

struct KeepStage {
    std::vector<NameOrMatcher> items;
};

// ---- label filters

enum class CompareOp { kEqual, kNotEqual, kGreater, kGreaterEqual, kLess, kLessEqual };

struct LabelFilter;
using LabelFilterPtr = std::shared_ptr<const LabelFilter>;

struct IpFilter {
    std::string name;
    bool negated = false;
    std::string pattern;
};

struct NumberFilter {
    std::string name;
    CompareOp op = CompareOp::kEqual;
    double value = 0;
};

struct DurationFilter {
    std::string name;
    CompareOp op = CompareOp::kEqual;
    Duration value;
};

struct BytesFilter {
    std::string name;
    CompareOp op = CompareOp::kEqual;
    std::uint64_t value = 0;
};

// `a and b`, `a, b`, `a b` mean the same.
struct AndFilter {
    LabelFilterPtr left;
    LabelFilterPtr right;
};

struct OrFilter {
    LabelFilterPtr left;
    LabelFilterPtr right;
};

struct LabelFilter {
    std::variant<Matcher, IpFilter, NumberFilter, DurationFilter, BytesFilter, AndFilter, OrFilter>
        node;
};

struct LabelFilterStage {
    LabelFilterPtr filter;
};

using Stage = std::variant<LineFilterStage,
                           JsonStage,
                           LogfmtStage,
                           PatternStage,
                           RegexpStage,
                           UnpackStage,
                           LineFormatStage,
                           LabelFormatStage,
                           DecolorizeStage,
                           DropStage,
                           KeepStage,
                           LabelFilterStage>;

// {app="x"} |= "y" | json
struct LogExpr {
    std::vector<Matcher> matchers;
    std::vector<Stage> stages;
};

// ---- metrics

enum class RangeOp {
    kCountOverTime,
    kRate,
    kRateCounter,
    kBytesOverTime,
    kBytesRate,
    kAbsentOverTime,
    kSumOverTime,
    kAvgOverTime,
    kMinOverTime,
    kMaxOverTime,
    kStddevOverTime,
    kStdvarOverTime,
    kQuantileOverTime,
    kFirstOverTime,
    kLastOverTime
};

struct Grouping {
    bool without = false;
    std::vector<std::string> labels;
};

// | unwrap duration(latency) | __error__=""
struct Unwrap {
    enum class Conversion { kNumber, kBytes, kDuration, kDurationSeconds };
    std::string label;
    Conversion conversion = Conversion::kNumber;
    std::vector<LabelFilterPtr> filters;  // after the conversion
};

// rate({app="x"}[5m] offset 1m)
struct RangeAggregation {
    RangeOp op = RangeOp::kCountOverTime;
    std::optional<double> parameter;  // the quantile
    LogExpr log;
    std::optional<Unwrap> unwrap;
    Duration range;
    Duration offset;
    std::optional<Grouping> grouping;
};

enum class VectorOp {
    kSum,
    kAvg,
    kMin,
    kMax,
    kCount,
    kStddev,
    kStdvar,
    kTopk,
    kBottomk,
    kApproxTopk,
    kSort,
    kSortDesc
};

// sum by (app) (…), topk(3, …)
struct VectorAggregation {
    VectorOp op = VectorOp::kSum;
    std::int64_t parameter = 0;  // k
    std::optional<Grouping> grouping;
    ExprPtr inner;
};

struct Literal {
    double value = 0;
};

// vector(1)
struct VectorLiteral {
    double value = 0;
};

// label_replace(v, "dst", "$1", "src", "(.*)")
struct LabelReplace {
    ExprPtr inner;
    std::string destination;
    std::string replacement;
    std::string source;
    std::string regex;
};

enum class BinaryOp {
    kOr,
    kAnd,
    kUnless,
    kEqual,
    kNotEqual,
    kLess,
    kLessEqual,
    kGreater,
    kGreaterEqual,
    kAdd,
    kSub,
    kMul,
    kDiv,
    kMod,
    kPow
};

struct VectorMatching {
    enum class Cardinality { kOneToOne, kManyToOne /* group_left */, kOneToMany /* group_right */ };
    bool on = false;  // labels are those to match on, else those to ignore
    std::vector<std::string> labels;
    Cardinality cardinality = Cardinality::kOneToOne;
    std::vector<std::string> include;  // labels taken from the "one" side
};

struct BinaryExpr {
    BinaryOp op = BinaryOp::kAdd;
    bool return_bool = false;
    std::optional<VectorMatching> matching;  // as written
    ExprPtr left;
    ExprPtr right;
};

struct Expr {
    std::variant<LogExpr,
                 RangeAggregation,
                 VectorAggregation,
                 Literal,
                 VectorLiteral,
                 LabelReplace,
                 BinaryExpr>
        node;
};

[[nodiscard]] inline bool is_log_query(const Expr& expr) {
    return std::holds_alternative<LogExpr>(expr.node);
}

}  // namespace logi::logql
