#include "logql/parser.h"

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "logql/lexer.h"

#include <charconv>

namespace logi::logql {
namespace {

constexpr int kDepthMax = 200;

struct Unit {
    std::string_view name;
    std::int64_t ns;
};
constexpr std::array<Unit, 7> kUnits = {{{"y", 365LL * 24 * 3600 * kNanosPerSecond},
                                         {"w", 7LL * 24 * 3600 * kNanosPerSecond},
                                         {"d", 24LL * 3600 * kNanosPerSecond},
                                         {"h", 3600LL * kNanosPerSecond},
                                         {"m", 60LL * kNanosPerSecond},
                                         {"s", kNanosPerSecond},
                                         {"ms", kNanosPerMilli}}};

template <typename T>
struct Named {
    std::string_view name;
    T op;
};
constexpr std::array<Named<RangeOp>, 4> kRangeOps = {{{"count_over_time", RangeOp::kCountOverTime},
                                                      {"rate", RangeOp::kRate},
                                                      {"bytes_over_time", RangeOp::kBytesOverTime},
                                                      {"bytes_rate", RangeOp::kBytesRate}}};
constexpr std::array<Named<VectorOp>, 5> kVectorOps = {{{"sum", VectorOp::kSum},
                                                        {"min", VectorOp::kMin},
                                                        {"max", VectorOp::kMax},
                                                        {"avg", VectorOp::kAvg},
                                                        {"count", VectorOp::kCount}}};

template <typename T, std::size_t N>
const Named<T>* find_op(const std::array<Named<T>, N>& ops, const std::string& word) {
    const std::string lower = absl::AsciiStrToLower(word);
    for (const auto& op : ops) {
        if (op.name == lower) {
            return &op;
        }
    }
    return nullptr;
}

template <typename Node>
ExprPtr make_expr(Node node) {
    auto expr = std::make_unique<Expr>();
    expr->node = std::move(node);
    return expr;
}

class Parser {
  public:
    explicit Parser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

    StatusOr<ExprPtr> query() {
        LOGI_ASSIGN_OR_RETURN(ExprPtr expr, binary(0));
        if (peek().kind != TokenKind::kEnd) {
            return unexpected();
        }
        return expr;
    }

  private:
    [[nodiscard]] const Token& peek(std::size_t ahead = 0) const {
        return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
    }
    [[nodiscard]] bool is(std::string_view punctuation, std::size_t ahead = 0) const {
        return peek(ahead).kind == TokenKind::kPunctuation && peek(ahead).text == punctuation;
    }
    [[nodiscard]] bool is_word(std::string_view word) const {
        return peek().kind == TokenKind::kIdentifier && absl::AsciiStrToLower(peek().text) == word;
    }
    bool take(std::string_view punctuation) {
        if (!is(punctuation)) {
            return false;
        }
        ++at_;
        return true;
    }
    Status expect(std::string_view punctuation) {
        return take(punctuation) ? absl::OkStatus() : unexpected();
    }

    [[nodiscard]] Status unexpected() const {
        const Token& t = peek();
        switch (t.kind) {
            case TokenKind::kEnd:
                if (tokens_.size() == 1) {
                    return absl::InvalidArgumentError(
                        "parse error : syntax error: unexpected $end");
                }
                return parse_error(t, "syntax error: unexpected $end");
            case TokenKind::kIdentifier:
                return parse_error(t, "syntax error: unexpected IDENTIFIER");
            case TokenKind::kString:
                return parse_error(t, "syntax error: unexpected STRING");
            case TokenKind::kNumber:
                return parse_error(t, "syntax error: unexpected NUMBER");
            case TokenKind::kDuration:
                return parse_error(t, "syntax error: unexpected DURATION");
            case TokenKind::kRange:
                return parse_error(t, "syntax error: unexpected RANGE");
            case TokenKind::kPunctuation:
                break;
        }
        return parse_error(t, absl::StrCat("syntax error: unexpected ", t.text));
    }
    [[nodiscard]] Status not_built(const Token& t) const {
        return parse_error(
            t, absl::StrCat("'", t.text, "' is LogQL that this version of Logi does not have"));
    }

    // Precedence climbing over + - and * /.
    StatusOr<ExprPtr> binary(int level) {
        if (level == 2) {
            return operand();
        }
        LOGI_ASSIGN_OR_RETURN(ExprPtr left, binary(level + 1));
        while (true) {
            BinaryOp op = BinaryOp::kAdd;
            if (level == 0 && (is("+") || is("-"))) {
                op = is("+") ? BinaryOp::kAdd : BinaryOp::kSub;
            } else if (level == 1 && (is("*") || is("/"))) {
                op = is("*") ? BinaryOp::kMul : BinaryOp::kDiv;
            } else {
                return left;
            }
            const Token at = peek();
            ++at_;
            LOGI_ASSIGN_OR_RETURN(ExprPtr right, binary(level + 1));
            for (const auto& [leg, name] : {std::pair(&left, "left"), std::pair(&right, "right")}) {
                if (std::holds_alternative<LogExpr>((*leg)->node)) {
                    return parse_error(at,
                                       absl::StrCat("unexpected type for ",
                                                    name,
                                                    " leg of binary operation (",
                                                    at.text,
                                                    ")"));
                }
            }
            BinaryExpr node;
            node.op = op;
            node.left = std::move(left);
            node.right = std::move(right);
            left = make_expr(std::move(node));
        }
    }

    StatusOr<ExprPtr> operand() {
        if (++depth_ > kDepthMax) {
            return parse_error(peek(), "query is nested too deeply");
        }
        auto result = operand_inside();
        --depth_;
        return result;
    }

    StatusOr<ExprPtr> operand_inside() {
        if (is("{")) {
            LOGI_ASSIGN_OR_RETURN(LogExpr log, log_expr());
            return make_expr(std::move(log));
        }
        if (take("(")) {
            LOGI_ASSIGN_OR_RETURN(ExprPtr inner, binary(0));
            LOGI_RETURN_IF_ERROR(expect(")"));
            return inner;
        }
        if (peek().kind == TokenKind::kNumber ||
            ((is("-") || is("+")) && peek(1).kind == TokenKind::kNumber)) {
            LOGI_ASSIGN_OR_RETURN(const double value, number());
            return make_expr(Literal{value});
        }
        if (peek().kind == TokenKind::kIdentifier) {
            return call();
        }
        return unexpected();
    }

    StatusOr<double> number() {
        const bool negative = is("-");
        if (negative || is("+")) {
            ++at_;
        }
        double value = 0;
        if (peek().kind != TokenKind::kNumber || !absl::SimpleAtod(peek().text, &value)) {
            return unexpected();
        }
        ++at_;
        return negative ? -value : value;
    }

    StatusOr<ExprPtr> call() {
        const Token word = peek();
        if (const auto* op = find_op(kRangeOps, word.text); op != nullptr && is("(", 1)) {
            at_ += 2;
            return range_aggregation(op->op);
        }
        if (const auto* op = find_op(kVectorOps, word.text)) {
            ++at_;
            return vector_aggregation(op->op);
        }
        if (is_word("vector") && is("(", 1)) {
            at_ += 2;
            if (peek().kind != TokenKind::kNumber) {
                return unexpected();
            }
            LOGI_ASSIGN_OR_RETURN(const double value, number());
            LOGI_RETURN_IF_ERROR(expect(")"));
            return make_expr(VectorLiteral{value});
        }
        return is("(", 1) ? not_built(word) : unexpected();
    }

    // Behind "rate(".
    StatusOr<ExprPtr> range_aggregation(RangeOp op) {
        RangeAggregation node;
        node.op = op;
        const bool parenthesised = take("(");
        LOGI_ASSIGN_OR_RETURN(node.log.matchers, checked_selector());
        if (peek().kind == TokenKind::kRange) {
            LOGI_RETURN_IF_ERROR(range(node));
            LOGI_RETURN_IF_ERROR(pipeline(node.log));
        } else {
            LOGI_RETURN_IF_ERROR(pipeline(node.log));
            if (parenthesised) {
                LOGI_RETURN_IF_ERROR(expect(")"));
            }
            LOGI_RETURN_IF_ERROR(range(node));
        }
        LOGI_RETURN_IF_ERROR(expect(")"));
        return make_expr(std::move(node));
    }

    Status range(RangeAggregation& node) {
        if (peek().kind != TokenKind::kRange) {
            return unexpected();
        }
        auto range = parse_prometheus_duration(peek().text);
        if (!range.ok() || range->ns <= 0) {
            return parse_error(peek(),
                               range.ok() ? std::string_view("duration must be greater than 0")
                                          : message_of(range.status()));
        }
        node.range = *range;
        ++at_;
        if (is_word("offset")) {
            ++at_;
            const bool negative = take("-");
            if (peek().kind != TokenKind::kDuration) {
                return unexpected();
            }
            LOGI_ASSIGN_OR_RETURN(node.offset, parse_prometheus_duration(peek().text));
            node.offset.ns = negative ? -node.offset.ns : node.offset.ns;
            ++at_;
        }
        return absl::OkStatus();
    }

    StatusOr<ExprPtr> vector_aggregation(VectorOp op) {
        VectorAggregation node;
        node.op = op;
        bool grouped = false;
        LOGI_RETURN_IF_ERROR(grouping(node.grouping, grouped));
        LOGI_RETURN_IF_ERROR(expect("("));
        const Token at = peek();
        LOGI_ASSIGN_OR_RETURN(node.inner, binary(0));
        if (std::holds_alternative<LogExpr>(node.inner->node)) {
            return parse_error(at, "syntax error: unexpected {, expecting a metric query");
        }
        LOGI_RETURN_IF_ERROR(expect(")"));
        if (!grouped) {
            LOGI_RETURN_IF_ERROR(grouping(node.grouping, grouped));
        }
        return make_expr(std::move(node));
    }

    Status grouping(Grouping& grouping, bool& grouped) {
        if (!is_word("by") && !is_word("without")) {
            return absl::OkStatus();
        }
        grouped = true;
        grouping.without = is_word("without");
        ++at_;
        LOGI_RETURN_IF_ERROR(expect("("));
        while (!is(")")) {
            if (peek().kind != TokenKind::kIdentifier) {
                return unexpected();
            }
            grouping.labels.push_back(peek().text);
            ++at_;
            if (!take(",") && !is(")")) {
                return unexpected();
            }
        }
        return expect(")");
    }

    StatusOr<LogExpr> log_expr() {
        LogExpr log;
        LOGI_ASSIGN_OR_RETURN(log.matchers, checked_selector());
        LOGI_RETURN_IF_ERROR(pipeline(log));
        return log;
    }

    StatusOr<std::vector<Matcher>> checked_selector() {
        LOGI_ASSIGN_OR_RETURN(auto matchers, selector());
        const bool selective = std::any_of(
            matchers.begin(), matchers.end(), [](const Matcher& m) { return !m.matches_empty(); });
        if (!selective) {
            return absl::InvalidArgumentError(
                "parse error : queries require at least one regexp or equality matcher that does "
                "not "
                "have an empty-compatible value. For instance, app=~\".*\" does not meet this "
                "requirement, but app=~\".+\" will");
        }
        return matchers;
    }

    StatusOr<std::vector<Matcher>> selector() {
        LOGI_RETURN_IF_ERROR(expect("{"));
        std::vector<Matcher> matchers;
        if (take("}")) {
            return matchers;
        }
        do {
            if (peek().kind != TokenKind::kIdentifier) {
                return unexpected();
            }
            const std::string name = peek().text;
            ++at_;
            constexpr std::array<Named<MatchOp>, 4> kOps = {{{"=", MatchOp::kEqual},
                                                             {"!=", MatchOp::kNotEqual},
                                                             {"=~", MatchOp::kRegex},
                                                             {"!~", MatchOp::kNotRegex}}};
            const auto op =
                std::find_if(kOps.begin(), kOps.end(), [&](const auto& o) { return is(o.name); });
            if (op == kOps.end()) {
                return unexpected();
            }
            ++at_;
            if (peek().kind != TokenKind::kString) {
                return unexpected();
            }
            auto matcher = Matcher::make(name, op->op, peek().text);
            if (!matcher.ok()) {
                return parse_error(
                    peek(), absl::StrCat("error parsing regexp: ", matcher.status().message()));
            }
            matchers.push_back(*std::move(matcher));
            ++at_;
        } while (take(","));
        LOGI_RETURN_IF_ERROR(expect("}"));
        return matchers;
    }

    Status pipeline(LogExpr& log) {
        constexpr std::array<Named<FilterOp>, 4> kOps = {{{"|=", FilterOp::kContains},
                                                          {"!=", FilterOp::kNotContains},
                                                          {"|~", FilterOp::kMatches},
                                                          {"!~", FilterOp::kNotMatches}}};
        while (true) {
            if (is("|") || is("|>") || is("!>")) {
                return not_built(is("|") ? peek(1) : peek());
            }
            const auto op =
                std::find_if(kOps.begin(), kOps.end(), [&](const auto& o) { return is(o.name); });
            if (op == kOps.end()) {
                return absl::OkStatus();
            }
            ++at_;
            LineFilterStage stage;
            stage.op = op->op;
            do {
                if (is_word("or")) {
                    ++at_;
                }
                if (is_word("ip") && is("(", 1)) {
                    return not_built(peek());
                }
                if (peek().kind != TokenKind::kString) {
                    return unexpected();
                }
                stage.any_of.push_back(peek().text);
                ++at_;
            } while (is_word("or"));
            log.filters.push_back(std::move(stage));
        }
    }

    std::vector<Token> tokens_;
    std::size_t at_ = 0;
    int depth_ = 0;
};

}  // namespace

StatusOr<Duration> parse_prometheus_duration(std::string_view text) {
    const Status bad = absl::InvalidArgumentError(
        absl::StrCat("not a valid duration string: \"", std::string(text), "\""));
    std::int64_t total = 0;
    std::size_t unit = 0;
    if (text.empty()) {
        return bad;
    }
    while (!text.empty()) {
        std::int64_t n = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
        if (error != std::errc() || n < 0) {
            return bad;
        }
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        const std::size_t letters = std::min(text.find_first_of("0123456789-+."), text.size());
        while (unit < kUnits.size() && kUnits[unit].name != text.substr(0, letters)) {
            ++unit;
        }
        std::int64_t part = 0;
        if (unit == kUnits.size() || __builtin_mul_overflow(n, kUnits[unit].ns, &part) ||
            __builtin_add_overflow(total, part, &total)) {
            return bad;
        }
        ++unit;
        text.remove_prefix(letters);
    }
    return Duration{total};
}

StatusOr<ExprPtr> parse(std::string_view query) {
    LOGI_ASSIGN_OR_RETURN(auto tokens, lex(query));
    return Parser(std::move(tokens)).query();
}

StatusOr<std::vector<Matcher>> parse_selector(std::string_view text) {
    LOGI_ASSIGN_OR_RETURN(const ExprPtr expr, parse(text));
    const auto* log = std::get_if<LogExpr>(&expr->node);
    if (log == nullptr || !log->filters.empty()) {
        return absl::InvalidArgumentError("only label matchers are supported");
    }
    return log->matchers;
}

}  // namespace logi::logql
