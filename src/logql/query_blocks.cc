#include "logql/query_blocks.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "regex/regex.h"

#include <algorithm>

namespace logi::logql {

std::string_view query_type(const Expr& expr) {
    const auto* log = std::get_if<LogExpr>(&expr.node);
    if (log == nullptr) {
        return "metric";
    }
    const bool filters =
        std::any_of(log->stages.begin(), log->stages.end(), [](const Stage& stage) {
            return std::holds_alternative<LineFilterStage>(stage) ||
                   std::holds_alternative<LabelFilterStage>(stage);
        });
    return filters ? "filter" : "limited";
}

std::uint32_t query_hash(std::string_view text) {
    std::uint32_t hash = 2166136261U;
    for (const char c : text) {
        hash = hash * 16777619U ^ static_cast<unsigned char>(c);
    }
    return hash;
}

StatusOr<QueryBlocks> QueryBlocks::of(const std::vector<BlockedQuery>& rules) {
    QueryBlocks out;
    for (const BlockedQuery& query : rules) {
        Rule rule{query, nullptr};
        if (query.regex) {
            auto regex = regex::Regex::compile(query.pattern, {});
            if (!regex.ok()) {
                return absl::InvalidArgumentError(
                    absl::StrCat("blocked_queries: ", std::string(regex.status().message())));
            }
            rule.regex = *std::move(regex);
        }
        out.rules_.push_back(std::move(rule));
    }
    return out;
}

bool QueryBlocks::blocks(std::string_view text,
                         const Expr& expr,
                         const std::map<std::string, std::string>& tags) const {
    const auto rule =
        std::find_if(rules_.begin(), rules_.end(), [&](const Rule& r) { return names(r, text); });
    return rule != rules_.end() && fits(*rule, expr, tags);
}

bool QueryBlocks::names(const Rule& rule, std::string_view text) {
    if (rule.query.hash != 0) {
        return rule.query.hash == query_hash(text);
    }
    return rule.query.pattern.empty() ||
           absl::StripAsciiWhitespace(rule.query.pattern) ==
               absl::StripAsciiWhitespace(absl::string_view(text.data(), text.size())) ||
           (rule.regex != nullptr && rule.regex->matches(text));
}

bool QueryBlocks::fits(const Rule& rule,
                       const Expr& expr,
                       const std::map<std::string, std::string>& tags) {
    const auto& types = rule.query.types;
    if (!types.empty() && std::find(types.begin(), types.end(), query_type(expr)) == types.end()) {
        return false;
    }
    const auto& wanted = rule.query.query_tags;
    return std::all_of(wanted.begin(), wanted.end(), [&](const auto& tag) {
        const auto it = tags.find(absl::AsciiStrToLower(tag.first));
        return it != tags.end() && absl::EqualsIgnoreCase(it->second, tag.second);
    });
}

}  // namespace logi::logql
