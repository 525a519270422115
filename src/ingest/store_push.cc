// How a push comes into the store.
#include "absl/strings/str_cat.h"
#include "ingest/entry_size.h"
#include "ingest/push_metrics.h"
#include "ingest/record.h"
#include "ingest/store.h"

namespace logi::ingest {
namespace {

constexpr int kRetryAfterSeconds = 1;
// The journal is closed when its entries take this part of the memory that the head may take, so
// that pushes go on while they are flushed.
constexpr std::uint64_t kOpenFraction = 4;
// The head keeps long records and points into them; it copies the lines of short ones, and of those
// that are mostly labels.
constexpr std::size_t kRecordKeptFrom = 16U << 10U;

std::map<StreamKind, Validated::Count> counts_by_kind(const std::vector<AcceptedStream>& streams) {
    std::map<StreamKind, Validated::Count> counts;
    for (const auto& stream : streams) {
        auto& count = counts[stream.kind];
        count.lines += stream.entries.size();
        for (const auto& entry : stream.entries) {
            count.bytes += entry_bytes(entry);
        }
    }
    return counts;
}

PushOutcome unavailable(std::string_view why) {
    return {503, std::string(why), kRetryAfterSeconds, 0, 0};
}

// A bucket may keep a record waiting for any time; who pushes it does not wait for so long, and
// may send it once more: entries that are equal are one.
constexpr Duration kAnswerMax = Duration::seconds(20);

std::function<void(PushOutcome)> in_time(io::Executor& executor,
                                         std::function<void(PushOutcome)> done) {
    struct Once {
        std::atomic<bool> answered{false};
        std::function<void(PushOutcome)> done;
    };
    auto once = std::make_shared<Once>();
    once->done = std::move(done);
    const auto answer = [once](PushOutcome outcome) {
        if (!once->answered.exchange(true)) {
            std::exchange(once->done, {})(std::move(outcome));
        }
    };
    executor.post_after(kAnswerMax, [answer, &executor] {
        executor.post([answer] { answer(unavailable("the bucket takes too long")); });
    });
    return answer;
}

}  // namespace

void Store::push(const std::string& tenant_name,
                 wire::PushRequest request,
                 std::function<void(PushOutcome)> done) {
    if (shared() && options_.shared->writer.empty()) {
        done({404, "this process takes no pushes: writing is not among its roles", 0, 0, 0});
        return;
    }
    if (const char* why = refusal()) {
        done(unavailable(why));
        return;
    }
    const Timestamp now = deps_.clock.now();
    const std::string policy = request.policy;
    const auto rules = limits_.of(tenant_name);
    const PushMetrics metrics(deps_.metrics, *rules, tenant_name, request.format);
    Validated v = validate(std::move(request),
                           rules->limits,
                           {rules->policies, rules->fields, tenant_name, policy, &rules->retention},
                           now);
    for (const auto& [key, count] : v.discarded) {
        metrics.count_discarded(key.first, key.second, count);
    }
    if (v.fatal_status != 0) {
        done({v.fatal_status, v.fatal_message, 0, 0, 0});
        return;
    }
    PushOutcome outcome;
    if (!v.errors.empty()) {
        outcome.status = 400;
        outcome.message = validation_message(v.errors, v.errors_left_out);
    } else if (v.blocked_status != 0) {
        outcome.status = v.blocked_status;
        outcome.message = v.blocked_message;
    }
    for (const auto& [key, count] : v.discarded) {
        outcome.refused += count.lines;
    }
    if (v.streams.empty()) {
        done(std::move(outcome));  // and nobody becomes a tenant by it
        return;
    }
    auto owner = tenant(tenant_name);
    if (!owner.ok()) {
        done(unavailable(message_of(owner.status())));
        return;
    }
    if (!limit(**owner, v, rules->limits, metrics, now, outcome)) {
        done(std::move(outcome));
        return;
    }
    metrics.count_accepted(v);
    append(*std::move(owner), std::move(v), std::move(outcome), std::move(done));
}

const char* Store::refusal() const {
    const base::MutexLock lock(mutex_);
    if (stopping_) {
        return "the server is shutting down";
    }
    return head_bytes_ > options_.head_bytes_max ? "too many entries wait to be written to segments"
                                                 : nullptr;
}

// False if nothing is left to be stored; `outcome` says why.
bool Store::limit(Tenant& tenant,
                  Validated& v,
                  const Limits& limits,
                  const PushMetrics& metrics,
                  Timestamp now,
                  PushOutcome& outcome) {
    const double rate_mb =
        options_.writers ? limits.ingestion_rate_mb / options_.writers() : limits.ingestion_rate_mb;
    if (!tenant.take_rate(v.bytes, rate_mb, limits, now)) {
        for (const auto& [kind, count] : counts_by_kind(v.streams)) {
            metrics.count_discarded("rate_limited", kind, count);
        }
        outcome = {
            429,
            absl::StrCat("ingestion rate limit exceeded for user ",
                         tenant.name(),
                         " (limit: ",
                         static_cast<std::int64_t>(rate_mb * 1048576),
                         " bytes/sec) while attempting to ingest '",
                         v.lines,
                         "' lines totaling '",
                         v.bytes,
                         "' bytes, reduce log volume or contact your Loki administrator to see if "
                         "the limit can be increased"),
            kRetryAfterSeconds,
            0,
            0};
        return false;
    }
    const auto refused = tenant.admit(v.streams, limits, now);
    if (refused.empty()) {
        return true;
    }
    std::vector<std::string> messages = v.errors;
    std::uint64_t left_out = v.errors_left_out;
    for (const auto& r : refused) {
        metrics.count_discarded(r.reason, r.kind, {r.lines, r.bytes});
        v.lines -= r.lines;
        v.bytes -= r.bytes;
        outcome.refused += r.lines;
        if (r.message.empty()) {
            ++left_out;
        } else {
            messages.push_back(r.message);
        }
    }
    // Whatever else is wrong: what a limit refuses may come again, and what was stored already is
    // then known.
    outcome.status = 429;
    outcome.message = validation_message(messages, left_out);
    outcome.retry_after_seconds = kRetryAfterSeconds;
    return !v.streams.empty();
}

void Store::append(std::shared_ptr<Tenant> owner,
                   Validated v,
                   PushOutcome outcome,
                   std::function<void(PushOutcome)> done) {
    outcome.stored = v.lines;
    auto record = encode_record(owner->name(), v.streams);
    auto streams = std::make_shared<std::vector<AcceptedStream>>(std::move(v.streams));
    const bool kept = record->size() >= kRecordKeptFrom && v.bytes >= record->size() / 2;
    if (shared()) {
        done = in_time(deps_.executor, std::move(done));
    }
    const std::string name = owner->name();
    journal_->append(name,
                     record,
                     [this,
                      owner = std::move(owner),
                      streams = std::move(streams),
                      record,
                      kept,
                      outcome = std::move(outcome),
                      done = std::move(done)](const StatusOr<journal::RecordId>& id) {
                         if (!id.ok()) {
                             done(unavailable(message_of(id.status())));
                             return;
                         }
                         apply(owner, *streams, *id, kept ? record : nullptr);
                         if (options_.on_applied) {
                             options_.on_applied(owner->name(), streams, record);
                         }
                         limit_open_bytes();
                         done(outcome);
                     });
}

// Entries of few bytes take far more memory than journal: the journal's size alone does not bound
// the head.
void Store::limit_open_bytes() {
    {
        const base::MutexLock lock(mutex_);
        if (rotating_ || open_bytes_ < options_.head_bytes_max / kOpenFraction) {
            return;
        }
        rotating_ = true;
    }
    journal_->rotate();
}

}  // namespace logi::ingest
