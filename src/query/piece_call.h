// One piece of a query: asked of the readers that are near to it, and read here if none of them
// answers.
#pragma once

#include "base/mutex.h"
#include "exec/memory_budget.h"
#include "query/spread.h"

#include <functional>
#include <memory>
#include <set>
#include <string>

namespace logi::query {

// What the pieces of a query have in common. Thread-safe.
class PieceCalls {
  public:
    // `spread` has readers. `memory` is the query's, and whoever waits for the pieces has it:
    // answers that wait to be taken over are charged to it.
    PieceCalls(std::shared_ptr<io::Executor> executor,
               std::shared_ptr<const Spread> spread,
               exec::MemoryBudget& memory,
               const io::CancelToken& cancel)
        : executor_(std::move(executor)),
          spread_(std::move(spread)),
          memory_(memory),
          cancel_(cancel.child()) {}

    struct Piece {
        std::string key;
        std::string sub_plan;  // encoded; empty: it has to be read here
        // Takes over an answer. OK, kInvalidArgument and kResourceExhausted end the piece; with
        // every other error the answer is none.
        std::function<Status(std::string_view)> accept;
        // Reads it here. Of these two at most one succeeds, and accept() is called no more once
        // this was.
        std::function<void(std::function<void(Status)>)> read_here;
    };
    // `done` is called once.
    void run(Piece piece, std::function<void(Status)> done);

    // Whether there would be room for the largest answers if one more than these were under way.
    // One always may be.
    [[nodiscard]] bool has_room_beside(std::size_t pieces) const;

    // Nobody waits for the pieces any more.
    void cancel() const { cancel_.cancel(); }
    [[nodiscard]] const io::CancelToken& token() const { return cancel_; }
    [[nodiscard]] io::Executor& executor() const { return *executor_; }

  private:
    class Call;
    // A reader that did not answer is not asked by this query again.
    void avoid(const std::string& reader);
    [[nodiscard]] bool avoids(const std::string& reader) const;

    const std::shared_ptr<io::Executor> executor_;
    const std::shared_ptr<const Spread> spread_;
    exec::MemoryBudget& memory_;
    const io::CancelToken cancel_;
    mutable base::Mutex mutex_;
    std::set<std::string> avoided_ LOGI_GUARDED_BY(mutex_);
};

}  // namespace logi::query
