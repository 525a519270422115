#include "api/tail_socket.h"

#include "absl/strings/str_cat.h"
#include "api/answer.h"
#include "api/read_request.h"
#include "api/tail_json.h"
#include "query/query_limits.h"

namespace logi::api {
namespace {

// What the entries of the store may take until they are sent.
constexpr std::int64_t kHistoryBytesMax = 64LL << 20U;

}  // namespace

void TailSocket::open(std::function<void()> wake) {
    {
        const base::MutexLock lock(mutex_);
        wake_ = std::move(wake);
    }
    auto reading =
        enter_turns(deps_.turns, request_.scope.tenant, deps_.rules->limits, deps_.executor);
    if (!reading.ok()) {
        close(std::string(reading.status().message()));
        return;
    }
    (*reading)->post_long(
        [self = shared_from_this(), reading = *reading] { self->start(reading); });
    if (deps_.duration_max.ns > 0) {
        deps_.executor.post_after(deps_.duration_max, [weak = weak_from_this()] {
            if (const auto self = weak.lock()) {
                self->close("reached tail max duration limit");
            }
        });
    }
}

// What is wrong with the request is said on the WebSocket, except for what was said before it was
// one.
void TailSocket::start(const std::shared_ptr<io::Executor>& reading) {
    auto prepared = query::prepare_within(request_.history, deps_.rules->limits, deps_.clock.now());
    if (!prepared.ok()) {
        fail(prepared.status());
        return;
    }
    if (prepared->request.end < prepared->request.start) {
        fail(absl::InvalidArgumentError(kEndBeforeStart));
        return;
    }
    if (deps_.journals != nullptr) {
        if (const Status caught_up = deps_.journals->catch_up(); !caught_up.ok()) {
            fail(caught_up);
            return;
        }
    }
    if (const Status status = follow(std::get<logql::LogExpr>(prepared->expr->node));
        !status.ok()) {
        close(std::string(status.message()));
        return;
    }
    // What was taken in before that is in the store: also with times that are yet to come.
    prepared->range.end =
        deps_.clock.now() + deps_.rules->limits.creation_grace_period + Duration::seconds(1);
    read_history(*std::move(prepared), reading);
}

Status TailSocket::follow(logql::LogExpr log) {
    const auto& only = request_.scope.only;
    log.matchers.insert(log.matchers.end(), only.begin(), only.end());
    LOGI_ASSIGN_OR_RETURN(auto follower,
                          deps_.tails.follow({request_.scope.tenant,
                                              log,
                                              request_.form,
                                              request_.delay,
                                              deps_.rules->limits.max_concurrent_tail_requests}));
    bool closed = false;
    {
        const base::MutexLock lock(mutex_);
        follower->on_news(wake_);
        closed = closed_;
        if (!closed) {
            follower_ = follower;
        }
    }
    if (closed) {
        deps_.tails.leave(request_.scope.tenant, follower);
    }
    return absl::OkStatus();
}

void TailSocket::read_history(query::Prepared prepared,
                              const std::shared_ptr<io::Executor>& reading) {
    ingest::Pinned pinned = deps_.store.pin(request_.scope.tenant,
                                            prepared.range,
                                            request_.scope.only,
                                            ingest::Opening::kNow,
                                            ingest::Heads::kOfBucket);
    if (const Status status =
            query::check_bytes_read(pinned.sources, prepared, deps_.rules->limits);
        !status.ok()) {
        fail(status);
        return;
    }
    stop_late_history();
    Limits limits = deps_.rules->limits;
    limits.max_query_memory_bytes = std::min(limits.max_query_memory_bytes, kHistoryBytesMax);
    query::run(*reading,
               std::move(pinned.sources),
               std::move(prepared),
               limits,
               request_.cancel,
               [self = shared_from_this(), reading](StatusOr<query::Result> result) {
                   self->history_read_ = true;
                   if (!result.ok()) {
                       self->fail(result.status());
                       return;
                   }
                   std::reverse(result->rows.begin(), result->rows.end());
                   std::shared_ptr<tail::Follower> follower;
                   {
                       const base::MutexLock lock(self->mutex_);
                       follower = self->follower_;
                   }
                   if (follower != nullptr) {
                       if (const Status begun = follower->begin(std::move(result->rows));
                           !begun.ok()) {
                           self->fail(begun);
                       }
                   }
               });
}

void TailSocket::stop_late_history() {
    const Duration timeout = deps_.rules->limits.query_timeout;
    if (timeout.ns <= 0) {
        return;
    }
    deps_.executor.post_after(timeout, [weak = weak_from_this()] {
        const auto self = weak.lock();
        if (self != nullptr && !self->history_read_) {
            self->request_.cancel.cancel(io::CancelToken::Cause::kTimeout);
        }
    });
}

void TailSocket::fail(const Status& status) {
    const int code = error_response(status).status;
    const bool plain = message_of(status) == "only log selector is supported";
    close(plain ? std::string(message_of(status))
                : absl::StrCat("rpc error: code = Code(", code, ") desc = ", status.message()));
}

void TailSocket::close(std::string reason) {
    std::function<void()> wake;
    {
        const base::MutexLock lock(mutex_);
        if (!close_.has_value()) {
            close_ = net::WebSocketClose{net::WebSocketClose::kError, std::move(reason)};
        }
        wake = wake_;
    }
    if (wake) {
        wake();
    }
}

net::WebSocketNext TailSocket::next() {
    std::shared_ptr<tail::Follower> follower;
    {
        const base::MutexLock lock(mutex_);
        if (close_.has_value()) {
            return *close_;
        }
        follower = follower_;
    }
    if (follower == nullptr) {
        return std::monostate();
    }
    auto frame = follower->next();
    if (!frame.has_value()) {
        std::string why = follower->why_ended();
        if (!why.empty()) {
            return net::WebSocketClose{net::WebSocketClose::kError, std::move(why)};
        }
        return std::monostate();
    }
    return net::WebSocketMessage{
        std::move(frame->text),
        tail_rest_json(frame->lost, request_.encoding_flags, request_.form)};
}

void TailSocket::closed() {
    request_.cancel.cancel();
    std::shared_ptr<tail::Follower> follower;
    {
        const base::MutexLock lock(mutex_);
        closed_ = true;
        wake_ = nullptr;
        follower = std::exchange(follower_, nullptr);
    }
    if (follower != nullptr) {
        deps_.tails.leave(request_.scope.tenant, follower);
    }
}

}  // namespace logi::api
