// One piece of a query: asked of the readers that are near to it, and read here if none of them
// answers.
#pragma once

#include "base/mutex.h"
#include "query/spread.h"

#include <functional>
#include <memory>
#include <set>
#include <string>

namespace logi::query {

// What the pieces of a query have in common. Thread-safe.
class PieceCalls {
  public:
    // `spread` has readers.
    PieceCalls(std::shared_ptr<io::Executor> executor,
               std::shared_ptr<const Spread> spread,
               const io::CancelToken& cancel)
        : executor_(std::move(executor)), spread_(std::move(spread)), cancel_(cancel.child()) {}

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
    const io::CancelToken cancel_;
    mutable base::Mutex mutex_;
    std::set<std::string> avoided_ LOGI_GUARDED_BY(mutex_);
};

}  // namespace logi::query
