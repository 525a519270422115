// Which labels a metric query needs. Its parsers extract no others, stop when they have them all,
// and do nothing when none is needed: so the malformed rest of a line may go unnoticed.
#pragma once

#include "entry_labels.h"

namespace logi::reference {

struct Needed {
    bool all = true;
    std::set<std::string> names;  // where not all

    [[nodiscard]] bool wants(const std::string& name) const;
    // Whether a field of an object may be wanted, whose flattened names begin with `prefix`.
    [[nodiscard]] bool wants_inside(const std::string& prefix) const;
    // Whether parsers have nothing left to do.
    [[nodiscard]] bool satisfied_by(const EntryLabels& labels) const;
    // Errors of parsers become series instead of failing the query.
    [[nodiscard]] bool preserves_errors() const { return !all && names.count(kError) > 0; }
};

// With by(…): what it names, and what stages, unwrap and the filters behind it read. Else all.
StatusOr<Needed> needed_labels(const logql::LogExpr& log,
                               const std::optional<logql::Unwrap>& unwrap,
                               const std::optional<logql::Grouping>& grouping);

}  // namespace logi::reference
