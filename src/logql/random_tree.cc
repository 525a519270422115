#include "logql/random_tree.h"

#include "logql/names.h"
#include "logql/units.h"

#include <bit>
#include <cmath>
#include <random>

namespace logi::logql {
namespace {

constexpr int kDepth = 5;

class TreeMaker {
  public:
    explicit TreeMaker(std::uint64_t seed) : random_(seed) {}

    ExprPtr query() { return chance(3) ? make(log()) : metric(kDepth); }

  private:
    // ---- choices

    std::size_t below(std::size_t n) { return random_() % n; }
    bool chance(std::size_t one_in) { return below(one_in) == 0; }
    template <typename T, std::size_t N>
    T pick(const std::array<T, N>& of) {
        return of.at(below(N));
    }
    template <typename Op, std::size_t N>
    Op pick_op(const std::array<std::string_view, N>& /*names*/) {
        return static_cast<Op>(below(N));
    }
    static ExprPtr make(decltype(Expr::node) node) {
        return std::make_unique<Expr>(Expr{std::move(node)});
    }

    // ---- words and numbers

    std::string name() {
        constexpr std::array<std::string_view, 14> kNames = {"a",
                                                             "app",
                                                             "_x",
                                                             "__error__",
                                                             "b9",
                                                             "rate",
                                                             "sum",
                                                             "bytes",
                                                             "ip",
                                                             "duration",
                                                             "vector",
                                                             "Count",
                                                             "topk",
                                                             "\u00e9t\u00e9"};
        return std::string(pick(kNames));
    }
    std::string text() {
        constexpr std::array<std::string_view, 16> kPieces = {"x",
                                                              "error",
                                                              " ",
                                                              "\"",
                                                              "\\",
                                                              "`",
                                                              "\n",
                                                              "\t",
                                                              "\x7f",
                                                              "\xff",
                                                              "\u00fc",
                                                              "\u65e5",
                                                              "{{.a}}",
                                                              "# no comment",
                                                              "| y",
                                                              "=~"};
        std::string out;
        for (std::size_t n = below(4); n > 0; --n) {
            out += pick(kPieces);
        }
        return out + (chance(20) ? std::string(1, '\0') : "") +
               (chance(10) ? std::string(60, 'l') : "");
    }
    std::string regex() {
        constexpr std::array<std::string_view, 7> kRegexes = {
            "", ".*", "a|b", "(?i)err\\d+", "[^\"]+", "x{2,3}$", "(?P<n>\\w)\\b`?"};
        return std::string(pick(kRegexes));
    }
    double finite() {
        const double bits = std::bit_cast<double>(static_cast<std::uint64_t>(random_()));
        switch (below(4)) {
            case 0:
                return std::isfinite(bits) ? bits : -0.0;
            case 1:
                return static_cast<double>(below(2'000'000)) - 1e6;
            case 2:
                return static_cast<double>(below(2000)) / 8;
            default:
                return pick(std::array<double, 6>{0.0, -0.0, 1e21, 1e-7, 0.1, 123456789.125});
        }
    }
    Duration duration() {
        switch (below(3)) {
            case 0:
                return {static_cast<std::int64_t>(random_())};
            case 1:
                return Duration::minutes(static_cast<std::int64_t>(below(100'000)) - 50'000);
            default:
                return {static_cast<std::int64_t>(below(3'000'000'000))};
        }
    }
    Duration range() {
        const auto ms = static_cast<std::int64_t>(
            chance(5) ? random_() % (std::numeric_limits<std::int64_t>::max() / kNanosPerMilli)
                      : below(1'000'000'000));
        return Duration::millis(chance(2) ? ms / 86'400'000 * 86'400'000 : ms);
    }
    std::uint64_t byte_size() {
        const std::uint64_t exact = random_() >> (5 + below(59));
        return *parse_byte_size(format_byte_size(exact));
    }
    std::vector<std::string> names(std::size_t min) {
        std::vector<std::string> out;
        for (std::size_t n = min + below(3); n > 0; --n) {
            out.push_back(name());
        }
        return out;
    }

    // ---- logs

    Matcher matcher() {
        const auto op = static_cast<MatchOp>(below(4));
        const bool is_regex = op == MatchOp::kRegex || op == MatchOp::kNotRegex;
        return *Matcher::make(name(), op, is_regex ? regex() : text());
    }

    LogExpr log() {
        LogExpr log;
        for (std::size_t n = below(3); n > 0; --n) {
            log.matchers.push_back(matcher());
        }
        log.matchers.push_back(*Matcher::make(name(), MatchOp::kEqual, "x" + text()));
        for (std::size_t n = below(5); n > 0; --n) {
            Stage next = stage();
            if (log.stages.empty() || !reads_as_matcher(log.stages.back(), next)) {
                log.stages.push_back(std::move(next));
            }
        }
        return log;
    }

    // In `| keep a != "x"`, the text is a's, and no line filter.
    static bool reads_as_matcher(const Stage& stage, const Stage& next) {
        const auto* filter = std::get_if<LineFilterStage>(&next);
        const auto* drop = std::get_if<DropStage>(&stage);
        const auto* keep = std::get_if<KeepStage>(&stage);
        const bool bare = (drop != nullptr && !drop->items.back().matcher) ||
                          (keep != nullptr && !keep->items.back().matcher);
        return bare && filter != nullptr &&
               (filter->op == FilterOp::kNotContains || filter->op == FilterOp::kNotMatches);
    }

    Stage line_filter() {
        LineFilterStage stage;
        stage.op = pick_op<FilterOp>(kFilterOps);
        const bool matches = stage.op == FilterOp::kMatches || stage.op == FilterOp::kNotMatches;
        const bool positive = stage.op == FilterOp::kContains || stage.op == FilterOp::kMatches ||
                              stage.op == FilterOp::kPattern;
        const bool contains = stage.op == FilterOp::kContains || stage.op == FilterOp::kNotContains;
        const std::size_t count = positive ? 1 + below(3) : 1;
        for (std::size_t n = 0; n < count; ++n) {
            const bool ip = (contains || count > 1) && chance(5);
            stage.any_of.push_back({matches ? regex() : text(), ip});
        }
        return stage;
    }

    std::vector<Extraction> extractions() {
        std::vector<Extraction> list;
        for (std::size_t n = below(3); n > 0; --n) {
            list.push_back({name(), text()});
        }
        return list;
    }

    Stage label_format() {
        LabelFormatStage stage;
        for (const char* prefix : {"l1", "l2", "l3"}) {
            const bool rename = chance(2);
            stage.assignments.push_back({prefix, rename ? name() : text(), rename});
            if (chance(2)) {
                break;
            }
        }
        return stage;
    }

    std::vector<NameOrMatcher> items() {
        std::vector<NameOrMatcher> items;
        for (std::size_t n = 1 + below(3); n > 0; --n) {
            NameOrMatcher item;
            if (chance(2)) {
                item.matcher = matcher();
            }
            item.name = item.matcher ? item.matcher->name() : name();
            items.push_back(std::move(item));
        }
        return items;
    }

    Stage stage() {
        switch (below(12)) {
            case 0:
                return JsonStage{extractions()};
            case 1:
                return LogfmtStage{chance(2), chance(2), extractions()};
            case 2:
                return PatternStage{text()};
            case 3:
                return RegexpStage{"(?P<name>x|y)" + regex()};
            case 4:
                return UnpackStage{};
            case 5:
                return LineFormatStage{text()};
            case 6:
                return label_format();
            case 7:
                return DecolorizeStage{};
            case 8:
                return DropStage{items()};
            case 9:
                return KeepStage{items()};
            case 10:
                return LabelFilterStage{filter(kDepth)};
            default:
                return line_filter();
        }
    }

    LabelFilterPtr filter(int depth) {
        return std::make_shared<const LabelFilter>(LabelFilter{filter_node(depth)});
    }

    decltype(LabelFilter::node) filter_node(int depth) {
        const auto op = pick_op<CompareOp>(kCompareOps);
        switch (below(depth > 0 ? 7 : 5)) {
            case 0:
                return matcher();
            case 1:
                return IpFilter{name(), chance(2), text()};
            case 2:
                return NumberFilter{name(), op, finite()};
            case 3:
                return DurationFilter{name(), op, duration()};
            case 4:
                return BytesFilter{name(), op, byte_size()};
            case 5:
                return AndFilter{filter(depth - 1), filter(depth - 1)};
            default:
                return OrFilter{filter(depth - 1), filter(depth - 1)};
        }
    }

    // ---- metrics

    std::optional<Unwrap> unwrap() {
        Unwrap unwrap;
        unwrap.label = name();
        unwrap.conversion = pick_op<Unwrap::Conversion>(kConversions);
        for (std::size_t n = below(3); n > 0; --n) {
            unwrap.filters.push_back(filter(1));
        }
        return unwrap;
    }

    ExprPtr range_aggregation() {
        RangeAggregation node;
        node.op = pick_op<RangeOp>(kRangeOps);
        const bool counts = node.op == RangeOp::kCountOverTime ||
                            node.op == RangeOp::kBytesOverTime || node.op == RangeOp::kBytesRate;
        const bool either = node.op == RangeOp::kRate || node.op == RangeOp::kAbsentOverTime;
        const bool groups = !counts && !either && node.op != RangeOp::kRateCounter &&
                            node.op != RangeOp::kSumOverTime;
        node.log = log();
        if (!counts && (!either || chance(2))) {
            node.unwrap = unwrap();
        }
        if (node.op == RangeOp::kQuantileOverTime) {
            node.parameter = std::fabs(finite());
        }
        node.range = range();
        node.offset = chance(2) ? Duration{} : duration();
        if (groups && chance(2)) {
            node.grouping = Grouping{chance(2), names(0)};
        }
        return make(std::move(node));
    }

    ExprPtr vector_aggregation(int depth) {
        VectorAggregation node;
        node.op = pick_op<VectorOp>(kVectorOps);
        const bool approximate = node.op == VectorOp::kApproxTopk;
        const bool sorts = node.op == VectorOp::kSort || node.op == VectorOp::kSortDesc;
        if (approximate || node.op == VectorOp::kTopk || node.op == VectorOp::kBottomk) {
            node.parameter = static_cast<std::int64_t>(1 + (random_() >> (2 + below(60))));
        }
        if (!approximate && chance(2)) {
            const bool without = sorts || chance(2);
            node.grouping =
                Grouping{without, sorts ? std::vector<std::string>() : names(without ? 0 : 1)};
        }
        node.inner = metric(depth - 1);
        return make(std::move(node));
    }

    std::optional<VectorMatching> matching() {
        VectorMatching matching;
        matching.on = chance(2);
        matching.labels = names(0);
        matching.cardinality = static_cast<VectorMatching::Cardinality>(below(3));
        const bool grouped = matching.cardinality != VectorMatching::Cardinality::kOneToOne;
        if (grouped) {
            matching.include = names(0);
        }
        if (!matching.on && matching.labels.empty() && !grouped) {
            return std::nullopt;  // says nothing, and is not printed
        }
        return matching;
    }

    ExprPtr binary(int depth) {
        BinaryExpr node;
        node.op = pick_op<BinaryOp>(kBinaryOps);
        node.return_bool = chance(3);
        if (chance(2)) {
            node.matching = matching();
        }
        const bool literals = !is_set_op(node.op);
        const bool left_literal = literals && chance(4);
        const bool right_literal = literals && !left_literal && chance(4);
        node.left = left_literal ? literal() : series(depth - 1);
        node.right = right_literal ? literal() : series(depth - 1);
        return make(std::move(node));
    }

    ExprPtr literal() {
        const double infinity = std::numeric_limits<double>::infinity();
        const double odd = pick(std::array<double, 3>{std::nan(""), infinity, -infinity});
        return make(Literal{chance(8) ? odd : finite()});
    }

    ExprPtr metric(int depth) { return chance(10) ? literal() : series(depth); }

    // A metric that is no literal.
    ExprPtr series(int depth) {
        switch (below(depth > 0 ? 8 : 3)) {
            case 0:
                return make(VectorLiteral{std::fabs(finite())});
            case 1:
            case 2:
                return range_aggregation();
            case 3:
                return make(LabelReplace{metric(depth - 1), text(), text(), text(), regex()});
            case 4:
            case 5:
                return vector_aggregation(depth);
            default:
                return binary(depth);
        }
    }

    std::mt19937_64 random_;
};

}  // namespace

ExprPtr random_tree(std::uint64_t seed) {
    return TreeMaker(seed).query();
}

}  // namespace logi::logql
