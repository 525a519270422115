// A range aggregation in pieces.
#pragma once

#include "query/pieces.h"
#include "query/range_query.h"
#include "query/spread.h"

namespace logi::query {

// As run_range_query().
void run_split_range(std::shared_ptr<io::Executor> executor,
                     std::shared_ptr<const Spread> spread,
                     std::vector<Piece> pieces,
                     const Leaf& leaf,
                     const exec::Windows& windows,
                     const Request& request,
                     exec::MemoryBudget& budget,
                     const io::CancelToken& cancel,
                     ReadNotes& notes,
                     std::function<void(StatusOr<exec::StepVector>)> done);

// The leaf as a query of its own; empty if none would be read as the same.
[[nodiscard]] std::string text_of(const Leaf& leaf);

}  // namespace logi::query
