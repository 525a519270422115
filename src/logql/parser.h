// LogQL text to tree.
#pragma once

#include "base/status.h"
#include "logql/ast.h"

#include <string_view>
#include <vector>

namespace logi::logql {

inline constexpr std::size_t kQueryBytesMax = 131072;  // a query is shorter
// No tree is deeper (nor a query nested deeper), so that it may be walked by recursion.
inline constexpr int kDepthMax = 1000;

// The whole of LogQL. kInvalidArgument with Loki's wording, "parse error at line L, col C: …" or
// "parse error : …". Checked are syntax, operations and their arguments, and regular expressions;
// what stages say in languages of their own (templates, patterns, JSON paths, keys of logfmt,
// ranges of IP addresses) is checked by who runs them.
StatusOr<ExprPtr> parse(std::string_view query);

// What a selector must have.
enum class Selective {
    kYes,         // a matcher that an absent label does not satisfy, as queries need
    kYesOrEmpty,  // such a matcher, or none at all: {}
    kAny
};

// Only a stream selector, {…}. "only label matchers are supported" for any other query.
StatusOr<std::vector<Matcher>> parse_selector(std::string_view text,
                                              Selective selective = Selective::kYes);

// Only a log query. "only log selector is supported" for a metric query.
StatusOr<LogExpr> parse_log_query(std::string_view text, Selective selective = Selective::kYes);

// ms s m h d w y, each at most once, in descending order, as in [1h30m].
StatusOr<Duration> parse_prometheus_duration(std::string_view text);

}  // namespace logi::logql
