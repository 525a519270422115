// The recursive descent behind parser.h, spread over parser_*.cc. Errors come in the order in which
// Loki's LALR parser meets them: syntax and regular expressions at once, everything that needs the
// finished query (deferred) afterwards, by its place in the text.
#pragma once

#include "base/status.h"
#include "logql/ast.h"
#include "logql/checks.h"
#include "logql/parser.h"
#include "logql/tokens.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace logi::logql {

class Parser {
  public:
    Parser(std::vector<Token> tokens, Selective selective)
        : tokens_(std::move(tokens)), selective_(selective) {}

    StatusOr<ExprPtr> query();

  private:
    // A tree and its depth.
    template <typename Tree>
    struct Deep {
        Tree tree;
        int depth = 1;
    };
    using DeepExpr = Deep<ExprPtr>;
    using DeepFilter = Deep<LabelFilterPtr>;

    struct PendingOp {
        BinaryOp op = BinaryOp::kAdd;
        bool return_bool = false;
        std::optional<VectorMatching> matching;
    };

    // Counts what is open: parentheses and calls. One more than in a tree, as a number that no
    // literal can say is printed in parentheses.
    class Nesting {
      public:
        explicit Nesting(int& open) : open_(open) { ++open_; }
        ~Nesting() { --open_; }
        Nesting(const Nesting&) = delete;
        Nesting& operator=(const Nesting&) = delete;
        [[nodiscard]] Status check() const { return check_depth(open_ - 1); }

      private:
        int& open_;
    };

    // ---- tokens (parser.cc)
    [[nodiscard]] const Token& peek(std::size_t ahead = 0) const;
    [[nodiscard]] bool is(TokenKind kind, std::size_t ahead = 0) const;
    [[nodiscard]] bool is(std::string_view word, std::size_t ahead = 0) const;
    [[nodiscard]] bool is_function(std::string_view name) const;
    bool take(std::string_view word);
    std::string take_text();
    // `expecting`: what could stand here, for the message.
    Status expect(std::string_view word, std::string_view expecting = "");
    StatusOr<std::string> expect_string();
    StatusOr<std::string> expect_identifier();
    [[nodiscard]] Status unexpected(std::string_view expecting = "") const;
    // An error that is told only if the query is sound otherwise; `token` is its place.
    void defer(std::size_t token, const std::string& problem);
    static Status check_depth(int depth);

    // ---- metric expressions (parser_expr.cc)
    StatusOr<DeepExpr> expression();
    StatusOr<DeepExpr> metric_expression();
    StatusOr<DeepExpr> operand();
    StatusOr<DeepExpr> literal();
    StatusOr<DeepExpr> call();
    StatusOr<DeepExpr> vector_aggregation(VectorOp op);
    StatusOr<DeepExpr> vector_literal();
    StatusOr<DeepExpr> label_replace();
    StatusOr<DeepExpr> variants();
    StatusOr<PendingOp> binary_op(BinaryOp op);
    Status vector_matching(VectorMatching& matching);
    static Status reduce(std::vector<DeepExpr>& operands, PendingOp op);
    StatusOr<std::optional<Grouping>> grouping();
    StatusOr<std::vector<std::string>> label_list();

    // ---- ranges of logs (parser_range.cc)
    StatusOr<DeepExpr> range_aggregation(RangeOp op);
    StatusOr<RangeAggregation> log_range(std::string_view expecting);
    Status range_and_offset(RangeAggregation& node);
    StatusOr<bool> behind_selector(RangeAggregation& node);
    Status unwrap(RangeAggregation& node);

    // ---- selectors and stages (parser_pipeline.cc)
    StatusOr<LogExpr> log_query();
    StatusOr<std::vector<Matcher>> selector();
    StatusOr<Matcher> matcher(std::string name);
    [[nodiscard]] bool at_unwrap() const;
    // Up to what is no stage; `unwrap` is told to the caller only where it may stand.
    Status pipeline(std::vector<Stage>& stages, bool unwrap_allowed);
    StatusOr<Stage> stage();
    StatusOr<Stage> word_stage();
    Status line_filter(FilterOp op, std::vector<Stage>& stages);
    StatusOr<std::vector<Extraction>> extractions();
    StatusOr<Stage> label_format();
    StatusOr<std::vector<NameOrMatcher>> names_or_matchers();

    // ---- label filters (parser_filter.cc)
    StatusOr<LabelFilterPtr> label_filter(std::string_view expecting = "");
    StatusOr<DeepFilter> filter_expression();
    StatusOr<DeepFilter> filter_operand();
    StatusOr<LabelFilter> comparison();

    std::vector<Token> tokens_;
    Selective selective_;
    std::size_t at_ = 0;
    RegexBudget regexes_;
    int open_exprs_ = 0;
    int open_filters_ = 0;
    std::size_t deferred_at_ = 0;
    Status deferred_;
};

}  // namespace logi::logql
