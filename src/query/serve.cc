#include "query/serve.h"

#include "logql/parser.h"
#include "query/log_query.h"

#include <algorithm>

namespace logi::query {
namespace {

using Done = std::function<void(std::string)>;

std::string too_large() {
    return encode_error(absl::OutOfRangeError("a part of an answer is too large"));
}

// What a sub-plan may hold.
struct Allowed {
    std::shared_ptr<exec::MemoryBudget> memory;
    bool is_less = false;  // than who asked would take for it

    [[nodiscard]] std::string answer(const Status& error) const {
        return is_less && absl::IsResourceExhausted(error) ? too_large() : encode_error(error);
    }
};

Request request_of(const SubPlan& plan) {
    Request request;
    request.query = plan.query;
    request.start = plan.first;
    request.end = plan.last + Duration{1};
    request.limit = plan.limit;
    request.forward = plan.forward;
    request.equal_entries = plan.equal_entries;
    request.columns = plan.columns;
    request.now = plan.now;
    return request;
}

void serve_logs(std::shared_ptr<io::Executor> executor,
                const SubPlan& plan,
                exec::Sources sources,
                std::shared_ptr<const logql::Expr> expr,
                const Allowed& allowed,
                io::CancelToken cancel,
                Done done) {
    Prepared query{request_of(plan), std::move(expr), {}, {}};
    query.range = {query.request.start, query.request.end};
    run_log_query(*executor,
                  std::move(sources),
                  query,
                  allowed.memory,
                  std::move(cancel),
                  [executor, allowed, streams = plan.streams, done = std::move(done)](
                      const StatusOr<Result>& result) {
                      if (!result.ok()) {
                          done(allowed.answer(result.status()));
                          return;
                      }
                      std::string answer =
                          encode_rows(result->rows, {result->stats, result->missing}, streams);
                      const auto bytes = static_cast<std::int64_t>(answer.size());
                      // The rows are still there.
                      const bool fits =
                          bytes <= kSubAnswerBytesMax && bytes <= result->memory_left_bytes;
                      done(fits ? std::move(answer) : too_large());
                  });
}

// One range aggregation under way.
struct Serving {
    Serving(std::shared_ptr<const logql::Expr> tree, Allowed may_hold)
        : expr(std::move(tree)), allowed(std::move(may_hold)) {}
    const std::shared_ptr<const logql::Expr> expr;
    const Allowed allowed;
    std::shared_ptr<RangePass> pass;

    std::string answer(const StatusOr<ReadNotes>& notes) {
        std::string written;
        Status status = notes.status();
        if (status.ok()) {
            // It is there twice while it is put together.
            const std::int64_t room = std::max<std::int64_t>(allowed.memory->left_bytes() / 2, 0);
            status =
                pass->write(written, static_cast<std::size_t>(std::min(kSubAnswerBytesMax, room)));
        }
        return status.ok() ? encode_states(written, *notes) : allowed.answer(status);
    }
};

void serve_range(std::shared_ptr<io::Executor> executor,
                 const SubPlan& plan,
                 const exec::Sources& sources,
                 std::shared_ptr<const logql::Expr> expr,
                 Allowed allowed,
                 io::CancelToken cancel,
                 Done done) {
    const auto serving = std::make_shared<Serving>(std::move(expr), std::move(allowed));
    const std::vector<Leaf> all = leaves(*serving->expr);
    if (all.size() != 1) {
        done(encode_error(absl::UnimplementedError("a sub-plan is of one range aggregation")));
        return;
    }
    const exec::Windows windows(plan.steps, all[0].aggregation->range, all[0].aggregation->offset);
    auto pass =
        RangePass::make(all[0], windows, PassOptions(request_of(plan)), *serving->allowed.memory);
    if (!pass.ok()) {
        done(encode_error(pass.status()));
        return;
    }
    serving->pass = *pass;
    serving->pass->read(*executor,
                        sources,
                        plan.first,
                        plan.last,
                        std::move(cancel),
                        [executor, serving, done = std::move(done)](const auto& notes) {
                            done(serving->answer(notes));
                        });
}

}  // namespace

void serve(std::shared_ptr<io::Executor> executor,
           const SubPlan& plan,
           exec::Sources sources,
           std::int64_t memory_bytes_max,
           io::CancelToken cancel,
           std::function<void(std::string)> done) {
    auto parsed = logql::parse(plan.query);
    if (!parsed.ok()) {
        // The reader that asks has parsed the query: this one does not know all that it knows.
        done(encode_error(absl::UnimplementedError(parsed.status().message())));
        return;
    }
    std::shared_ptr<const logql::Expr> expr = *std::move(parsed);
    sources = of_streams(std::move(sources), plan.streams);
    const Allowed allowed{
        std::make_shared<exec::MemoryBudget>(std::min(plan.memory_bytes_max, memory_bytes_max)),
        memory_bytes_max < plan.memory_bytes_max};
    if (logql::is_log_query(*expr) == plan.metric) {
        done(encode_error(absl::UnimplementedError("a sub-plan is of another kind than it says")));
    } else if (plan.metric) {
        serve_range(
            std::move(executor), plan, sources, expr, allowed, std::move(cancel), std::move(done));
    } else {
        serve_logs(std::move(executor),
                   plan,
                   std::move(sources),
                   expr,
                   allowed,
                   std::move(cancel),
                   std::move(done));
    }
}

}  // namespace logi::query
