// How a push comes into the store.
#include "absl/strings/str_cat.h"
#include "ingest/entry_size.h"
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

PushOutcome unavailable(std::string_view why) {
    return {503, std::string(why), kRetryAfterSeconds, 0, 0};
}

std::uint64_t bytes_of_metadata(const std::vector<AcceptedStream>& streams) {
    std::uint64_t bytes = 0;
    for (const auto& stream : streams) {
        for (const auto& entry : stream.entries) {
            bytes += metadata_bytes(entry);
        }
    }
    return bytes;
}

}  // namespace

void Store::push(const std::string& tenant_name,
                 wire::PushRequest request,
                 std::function<void(PushOutcome)> done) {
    if (const char* why = refusal()) {
        done(unavailable(why));
        return;
    }
    const Timestamp now = deps_.clock.now();
    const std::string policy = request.policy;
    const char* format = request.format == wire::PushFormat::kOtlp ? "otlp" : "loki";
    const auto rules = limits_.of(tenant_name);
    Validated v =
        validate(std::move(request), rules->limits, {rules->policies, tenant_name, policy}, now);
    for (const auto& [reason, count] : v.discarded) {
        count_discarded(tenant_name, reason, count);
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
    for (const auto& [reason, count] : v.discarded) {
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
    if (!limit(**owner, v, rules->limits, now, outcome)) {
        done(std::move(outcome));
        return;
    }
    count_accepted(tenant_name, format, v);
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
bool Store::limit(
    Tenant& tenant, Validated& v, const Limits& limits, Timestamp now, PushOutcome& outcome) const {
    if (!tenant.take_rate(v.bytes, limits, now)) {
        count_discarded(tenant.name(), "rate_limited", {v.lines, v.bytes});
        outcome = {
            429,
            absl::StrCat("ingestion rate limit exceeded for user ",
                         tenant.name(),
                         " (limit: ",
                         static_cast<std::int64_t>(limits.ingestion_rate_mb * 1048576),
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
    std::vector<std::string> messages;
    for (const auto& r : refused) {
        count_discarded(tenant.name(), r.reason, {r.lines, r.bytes});
        v.lines -= r.lines;
        v.bytes -= r.bytes;
        outcome.refused += r.lines;
        if (!r.message.empty()) {
            messages.push_back(r.message);
        }
    }
    if (!refused.empty() && outcome.status == 204) {
        outcome.status = 429;
        outcome.message = validation_message(messages, refused.size() - messages.size());
        outcome.retry_after_seconds = kRetryAfterSeconds;
    }
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
    journal_->append(record,
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

void Store::count_accepted(const std::string& tenant,
                           const char* format,
                           const Validated& v) const {
    const auto add = [&](const char* name, const char* help, std::uint64_t by) {
        deps_.metrics.counter(name, help, {{"tenant", tenant}, {"format", format}})
            .add(static_cast<double>(by));
    };
    add("loki_distributor_bytes_received_total", "Bytes of lines and metadata accepted.", v.bytes);
    add("loki_distributor_lines_received_total", "Lines accepted.", v.lines);
    add("loki_distributor_structured_metadata_bytes_received_total",
        "Bytes of metadata accepted.",
        bytes_of_metadata(v.streams));
    if (v.changed_metadata > 0) {
        add("loki_distributor_push_structured_metadata_sanitized_total",
            "Names and values of metadata that are stored otherwise than they came.",
            v.changed_metadata);
    }
    if (v.cut_lines > 0) {
        const base::MetricLabels labels = {{"tenant", tenant}, {"reason", "line_too_long"}};
        deps_.metrics.counter("loki_mutated_samples_total", "Lines that were cut.", labels)
            .add(static_cast<double>(v.cut_lines));
        deps_.metrics.counter("loki_mutated_bytes_total", "What was cut off.", labels)
            .add(static_cast<double>(v.cut_bytes));
    }
}

void Store::count_discarded(const std::string& tenant,
                            const std::string& reason,
                            const Validated::Count& count) const {
    const base::MetricLabels labels = {{"tenant", tenant}, {"reason", reason}};
    deps_.metrics.counter("loki_discarded_samples_total", "Entries that were refused.", labels)
        .add(static_cast<double>(count.lines));
    deps_.metrics
        .counter("loki_discarded_bytes_total", "Bytes of entries that were refused.", labels)
        .add(static_cast<double>(count.bytes));
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
