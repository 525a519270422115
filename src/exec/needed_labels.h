// Which labels the rest of a metric query needs: a parser extracts only those and stops once it has
// them all, as Loki does, so that a line's malformed rest goes unnoticed in the same cases.
#pragma once

#include "exec/entry_labels.h"
#include "logql/ast.h"

#include <optional>
#include <string>
#include <vector>

namespace logi::exec {

class NeededLabels {
  public:
    // Every label: log queries, and metrics whose series keep labels that nobody named.
    NeededLabels() = default;
    // Those that `grouping` names and those that stages read. Without grouping, or with `without`,
    // that is every label.
    NeededLabels(const std::optional<logql::Grouping>& grouping, std::vector<std::string> read);

    // Whether a parser has anything to do at all.
    [[nodiscard]] bool any() const { return all_ || !names_.empty(); }
    [[nodiscard]] bool all() const { return all_; }
    [[nodiscard]] bool wants(std::string_view name) const;
    [[nodiscard]] bool satisfied(const EntryLabels& labels) const;
    // Whether entries with an error become series of their own instead of failing the query.
    [[nodiscard]] bool preserves_errors() const { return preserves_errors_; }
    // Where not all() are needed: their names.
    [[nodiscard]] const std::vector<std::string>& names() const { return names_; }

  private:
    bool all_ = true;
    bool preserves_errors_ = false;
    std::vector<std::string> names_;
};

}  // namespace logi::exec
