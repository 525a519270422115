// Which queries an operator forbids (blocked_queries).
#pragma once

#include "base/status.h"
#include "logql/ast.h"
#include "model/limits.h"

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace logi::regex {
class Regex;
}

namespace logi::logql {

// metric, filter or limited: an aggregation, lines with a filter on them or their labels, lines
// without.
[[nodiscard]] std::string_view query_type(const Expr& expr);

// FNV-1 in 32 bits, by which operators name long queries.
[[nodiscard]] std::uint32_t query_hash(std::string_view text);

// Immutable, safe from any thread.
class QueryBlocks {
  public:
    // kInvalidArgument for a pattern that is no regular expression.
    static StatusOr<QueryBlocks> of(const std::vector<BlockedQuery>& rules);
    // Nothing is forbidden.
    QueryBlocks() = default;

    // Whether a query, by its text as it was asked and by its tree, is forbidden. Names of `tags`
    // are in lower case. The first rule that names the text decides: where its types or tags are
    // others the query may run.
    [[nodiscard]] bool blocks(std::string_view text,
                              const Expr& expr,
                              const std::map<std::string, std::string>& tags) const;

  private:
    struct Rule {
        BlockedQuery query;
        std::shared_ptr<const regex::Regex> regex;  // null: the text itself
    };

    static bool names(const Rule& rule, std::string_view text);
    static bool fits(const Rule& rule,
                     const Expr& expr,
                     const std::map<std::string, std::string>& tags);

    std::vector<Rule> rules_;
};

}  // namespace logi::logql
