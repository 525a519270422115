// Answering the sub-plans of other readers.
#pragma once

#include "query/sub_plan.h"

#include <functional>
#include <memory>
#include <string>

namespace logi::query {

// `sources` are the plan's segments, as much of them as may be seen, and with the labels that it
// says; of them the plan's streams are read. Runs as tasks on the executor; `done` is called once,
// with an answer that may be an error.
// It may hold `memory_bytes_max`, its answer included, also where the plan has more: for who asked
// that is no answer (kOutOfRange) then, and not the end of the query.
void serve(std::shared_ptr<io::Executor> executor,
           const SubPlan& plan,
           exec::Sources sources,
           std::int64_t memory_bytes_max,
           io::CancelToken cancel,
           std::function<void(std::string)> done);

}  // namespace logi::query
