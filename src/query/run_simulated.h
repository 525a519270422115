// A query from begin to end in the calling thread, for tests and benchmarks.
#pragma once

#include "base/check.h"
#include "io/sim_executor.h"
#include "query/query.h"

#include <optional>

namespace logi::query {

// The seed decides the order of its tasks.
inline StatusOr<Result> run_simulated(const exec::Sources& sources,
                                      Prepared query,
                                      const Limits& limits = Limits(),
                                      std::uint64_t seed = 1) {
    io::SimClock clock(query.request.now);
    io::SimExecutor executor(seed, clock);
    std::optional<StatusOr<Result>> out;
    run(executor, sources, std::move(query), limits, {}, [&out](StatusOr<Result> result) {
        out = std::move(result);
    });
    executor.run_until_idle();
    LOGI_CHECK(out.has_value());
    return *std::move(out);
}

}  // namespace logi::query
