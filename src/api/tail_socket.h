// A live tail on one WebSocket: entries of the store first, then what comes in.
#pragma once

#include "api/scope.h"
#include "base/mutex.h"
#include "ingest/store.h"
#include "io/cancel.h"
#include "io/clock.h"
#include "io/executor.h"
#include "logql/ast.h"
#include "net/websocket.h"
#include "query/fair_queue.h"
#include "query/query.h"
#include "tail/journal_poll.h"
#include "tail/tails.h"

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace logi::api {

struct TailRequest {
    Scope scope;
    query::Request history;  // newest first
    Duration delay;
    tail::Form form = tail::Form::kPlain;
    std::vector<std::string> encoding_flags;
    io::CancelToken cancel;
};

class TailSocket final : public net::WebSocketSource,
                         public std::enable_shared_from_this<TailSocket> {
  public:
    // All must outlive it.
    struct Deps {
        ingest::Store& store;
        tail::Tails& tails;
        io::Executor& executor;
        query::FairQueue& turns;
        const io::Clock& clock;
        std::shared_ptr<const ingest::TenantRules> rules;
        Duration duration_max;  // 0: any
        // Where processes share a bucket; else null.
        tail::JournalPoll* journals;
    };
    TailSocket(const Deps& deps, TailRequest request) : deps_(deps), request_(std::move(request)) {}

    void open(std::function<void()> wake) override;
    net::WebSocketNext next() override;
    void closed() override;

  private:
    // Their work is done by `reading`.
    void start(const std::shared_ptr<io::Executor>& reading);
    Status follow(logql::LogExpr log);
    void read_history(query::Prepared prepared, const std::shared_ptr<io::Executor>& reading);
    // Cancels what is still read at the query timeout.
    void stop_late_history();
    void fail(const Status& status);
    void close(std::string reason);

    const Deps deps_;
    const TailRequest request_;
    std::atomic<bool> history_read_{false};
    base::Mutex mutex_;
    std::function<void()> wake_ LOGI_GUARDED_BY(mutex_);
    std::shared_ptr<tail::Follower> follower_ LOGI_GUARDED_BY(mutex_);
    std::optional<net::WebSocketClose> close_ LOGI_GUARDED_BY(mutex_);
    bool closed_ LOGI_GUARDED_BY(mutex_) = false;
};

}  // namespace logi::api
