// One query over what comes in, evaluated once for all who follow it.
#pragma once

#include "absl/container/flat_hash_map.h"
#include "exec/pipeline.h"
#include "ingest/validate.h"
#include "logql/ast.h"
#include "query/log_query.h"
#include "tail/follower.h"

#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace logi::tail {

// What was taken in at once: the entries point into the record.
struct Applied {
    std::shared_ptr<const std::vector<ingest::AcceptedStream>> streams;
    std::shared_ptr<const std::string> record;
};

// Thread-safe.
class Hub : public std::enable_shared_from_this<Hub> {
  public:
    // kInvalidArgument with Loki's text for stages that cannot be compiled.
    static StatusOr<std::shared_ptr<Hub>> make(std::shared_ptr<Shared> shared,
                                               const logql::LogExpr& log);

    // Takes no time and never waits: the query is evaluated by a task of the executor. What comes
    // when too much waits already is lost to all followers.
    void publish(const std::shared_ptr<const Applied>& applied);

    // All who follow get nothing more.
    void end(const std::string& why);

    void add(std::shared_ptr<Follower> follower);
    // True if nobody follows any more.
    bool remove(const Follower* follower);

  private:
    Hub(std::shared_ptr<Shared> shared,
        std::vector<Matcher> matchers,
        std::shared_ptr<const exec::Pipeline> pipeline)
        : shared_(std::move(shared)),
          matchers_(std::move(matchers)),
          pipeline_(std::move(pipeline)) {}

    // A stream of what was lost.
    struct LostStream {
        Lost entry;
        std::uint64_t entries = 0;
    };
    using Followers = std::vector<std::shared_ptr<Follower>>;
    // What one task does.
    struct Work {
        std::shared_ptr<const Applied> applied;
        std::vector<LostStream> lost;
        std::shared_ptr<const Followers> followers;
    };

    void run();
    bool take(Work& work);
    void evaluate(const Applied& applied, const Followers& followers);
    void tell_lost(const std::vector<LostStream>& lost, const Followers& followers);
    void deliver(const std::shared_ptr<const LiveBatch>& batch, const Followers& followers) const;
    // The stream's labels, which outlive what was taken in; null if the query does not select it.
    std::shared_ptr<const Labels> selected(StreamId id, const Labels& labels);

    const std::shared_ptr<Shared> shared_;
    const std::vector<Matcher> matchers_;
    const std::shared_ptr<const exec::Pipeline> pipeline_;
    // Of the task that runs; there is one at a time.
    exec::Entry entry_;
    query::RowMaker row_maker_;
    absl::flat_hash_map<StreamId, std::shared_ptr<const Labels>> streams_;

    base::Mutex mutex_;
    std::shared_ptr<const Followers> followers_ LOGI_GUARDED_BY(mutex_) =
        std::make_shared<const Followers>();
    std::deque<std::shared_ptr<const Applied>> waiting_ LOGI_GUARDED_BY(mutex_);
    std::size_t waiting_bytes_ LOGI_GUARDED_BY(mutex_) = 0;
    std::vector<LostStream> lost_ LOGI_GUARDED_BY(mutex_);
    bool running_ LOGI_GUARDED_BY(mutex_) = false;
};

}  // namespace logi::tail
