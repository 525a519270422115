// Label sets: what identifies a stream.
#pragma once

#include "base/hash.h"
#include "base/status.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace logi {

struct LabelPair {
    std::string name;
    std::string value;
    friend auto operator<=>(const LabelPair&, const LabelPair&) = default;
};

// 128-bit hash of the canonical text of a label set.
using StreamId = base::Hash128;

// Sorted by name, names unique; of a stream, no empty values. Immutable after construction.
class Labels {
  public:
    Labels() = default;
    // Sorts, and drops pairs with an empty value. Of equal names the last given stays.
    static Labels from_pairs(std::vector<LabelPair> pairs);
    // The same, but pairs with an empty value stay: labels of a query's results may be empty.
    static Labels of_result(std::vector<LabelPair> pairs);

    // The text form {a="b", c="d"} of Prometheus: also `name{…}`, and quoted names; values are
    // string literals, "…", '…' or `…`; an empty text is no labels. kInvalidArgument: as
    // parse_label_pairs().
    static StatusOr<Labels> parse(std::string_view text);

    // Canonical text: {a="b", c="d"}, sorted by name, values (and names that are not plain)
    // Go-quoted; "{}" when empty. Different labels have different texts.
    [[nodiscard]] std::string to_string() const;
    [[nodiscard]] StreamId id() const { return base::hash128(to_string()); }

    [[nodiscard]] const std::vector<LabelPair>& pairs() const { return pairs_; }
    [[nodiscard]] bool empty() const { return pairs_.empty(); }
    [[nodiscard]] std::size_t size() const { return pairs_.size(); }
    // Empty view if absent.
    [[nodiscard]] std::string_view get(std::string_view name) const;
    // Null if absent.
    [[nodiscard]] const LabelPair* find(std::string_view name) const;

    friend auto operator<=>(const Labels&, const Labels&) = default;

  private:
    std::vector<LabelPair> pairs_;
};

// The pairs of such a text as they stand, also equal names and empty values. kInvalidArgument has
// Prometheus' words: "1:3: parse error: unexpected character inside braces: '-'".
StatusOr<std::vector<LabelPair>> parse_label_pairs(std::string_view text);

// The pairs as they stand in the form of Labels::to_string().
[[nodiscard]] std::string label_text(const std::vector<LabelPair>& pairs);

// A Go-quoted string literal: "…" with \a \b \f \n \r \t \v \\ \" \xHH \uXXXX as strconv.Quote
// writes them (invalid UTF-8 as \xHH).
[[nodiscard]] std::string go_quote(std::string_view s);

// Reads one Go string literal ("…" or `…`, and '…' as Prometheus has it) at the start of `text`;
// `length` gets the bytes used.
StatusOr<std::string> go_unquote_prefix(std::string_view text, std::size_t& length);

// [a-zA-Z_][a-zA-Z0-9_]*
[[nodiscard]] bool is_label_name(std::string_view s);

}  // namespace logi
