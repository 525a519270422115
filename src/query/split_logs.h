// A log query in pieces.
#pragma once

#include "query/pieces.h"
#include "query/spread.h"

namespace logi::query {

// The pieces are those of the query's time, ascending, those of one time beside each other; they
// are asked for in its direction, few at first, until the answer is full.
void run_split_logs(std::shared_ptr<io::Executor> executor,
                    std::shared_ptr<const Spread> spread,
                    std::vector<Piece> pieces,
                    const Prepared& query,
                    const Limits& limits,
                    const io::CancelToken& cancel,
                    std::function<void(StatusOr<Result>)> done);

}  // namespace logi::query
