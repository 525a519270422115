// Pieces of text that the printers share. Each function appends to `out`.
#pragma once

#include "absl/container/flat_hash_map.h"
#include "logql/ast.h"

#include <string>
#include <string_view>
#include <vector>

namespace logi::logql {

// Where each Expr and each LogExpr, by address, stands in a text: offset and length.
using TextSpans = absl::flat_hash_map<const void*, std::pair<std::size_t, std::size_t>>;

// The whole tree on one line; `spans` may be null.
void append_expr(std::string& out, const Expr& expr, TextSpans* spans);
void append_log(std::string& out, const LogExpr& log);
void append_selector(std::string& out, const std::vector<Matcher>& matchers);
void append_stage(std::string& out, const Stage& stage);
void append_filter(std::string& out, const LabelFilter& filter);
// | unwrap duration(x), without the filters behind it.
void append_unwrap(std::string& out, const Unwrap& unwrap);
// " by (a,b)" with `separator` between the labels.
void append_grouping(std::string& out, const Grouping& grouping, std::string_view separator);
void append_strings(std::string& out,
                    const std::vector<std::string>& strings,
                    std::string_view separator);

// The operator with bool and matching, "/ on (a) group_left (b)" with `separator` between labels.
[[nodiscard]] std::string operator_text(const BinaryExpr& node,
                                        std::string_view separator,
                                        bool parenthesis_follows);

[[nodiscard]] std::string literal_text(double value);
[[nodiscard]] std::string vector_literal_text(double value);

}  // namespace logi::logql
