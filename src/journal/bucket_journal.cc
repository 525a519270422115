#include "journal/bucket_journal.h"

#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "base/planted.h"
#include "journal/registry.h"

#include <algorithm>

namespace logi::journal {
namespace {

constexpr Duration kRetryMin = Duration::millis(100);
constexpr int kRetryDoublings = 4;
// Of a journal: that ending it takes seconds, and reading it few listings, whatever clocks say.
constexpr std::uint64_t kObjectsMax = 512;
const std::vector<double> kPutBuckets = {0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};

}  // namespace

BucketJournal::BucketJournal(const Deps& deps, Options options, JournalEvents events)
    : deps_(deps),
      options_(std::move(options)),
      events_(std::move(events)),
      kept_(options_.kept_bytes_max),
      objects_(deps.metrics.counter("logi_journal_objects_total",
                                    "Objects of the journal that were put into the bucket.")),
      put_failures_(deps.metrics.counter("logi_journal_failures_total",
                                         "Failed writes and syncs; each began a new file.")),
      seals_met_(deps.metrics.counter("logi_journal_seals_met_total",
                                      "Journals that others have ended, as this process seemed "
                                      "to be dead.")),
      bytes_total_(deps.metrics.counter("loki_ingester_wal_logged_bytes_total",
                                        "Bytes written to the journal.")),
      records_total_(deps.metrics.counter("loki_ingester_wal_records_logged_total",
                                          "Records written to the journal: pushes.")),
      put_seconds_(deps.metrics.histogram(
          "logi_journal_put_seconds", "Time to put one object of the journal.", kPutBuckets)),
      strand_(deps.executor),
      deliver_strand_(deps.executor) {}

BucketJournal::~BucketJournal() {
    alive_->store(false);
}

void BucketJournal::post(void (BucketJournal::*work)()) {
    strand_.post([this, work, alive = alive_] {
        if (alive->load()) {
            (this->*work)();
        }
    });
}

void BucketJournal::post_after(Duration delay, void (BucketJournal::*work)()) {
    deps_.executor.post_after(delay, [this, work, alive = alive_] {
        if (alive->load()) {
            post(work);
        }
    });
}

void BucketJournal::append(const std::string& tenant,
                           std::shared_ptr<const std::string> payload,
                           std::function<void(StatusOr<RecordId>)> done) {
    if (is_refusing()) {
        done(absl::UnavailableError("the bucket takes nothing at the moment"));
        return;
    }
    bool full = false;
    bool first = false;
    {
        const base::MutexLock lock(mutex_);
        const std::uint64_t bytes = payload->size();
        if (bytes > kRecordBytesMax || pending_bytes_ + bytes > options_.pending_bytes_max) {
            full = true;
        } else {
            pending_bytes_ += bytes;
            pending_.push_back({{tenant, std::move(payload)}, std::move(done)});
            if (pending_bytes_ >= options_.object_bytes_max) {
                post(&BucketJournal::send_next);
            } else {
                first = !std::exchange(gathering_, true);
            }
        }
    }
    if (full) {
        done(absl::ResourceExhaustedError("the journal has too many bytes waiting to be written"));
    } else if (first) {
        post_after(options_.gather_max, &BucketJournal::on_gathered);
    }
}

bool BucketJournal::is_refusing() const {
    const std::int64_t since_ns = sending_since_ns_.load();
    return refusing_.load() ||
           (since_ns != 0 && deps_.clock.now() - Timestamp{since_ns} > options_.putting_max);
}

void BucketJournal::on_gathered() {
    {
        const base::MutexLock lock(mutex_);
        gathering_ = false;
    }
    send_next();
}

BucketJournal::Batch BucketJournal::take_batch() {
    Batch batch;
    const base::MutexLock lock(mutex_);
    std::size_t count = 0;
    while (count < pending_.size() && count < kRecordsPerObjectMax) {
        const std::uint64_t bytes = pending_[count].record.payload->size();
        if (count > 0 && batch.bytes + bytes > options_.object_bytes_max) {
            break;
        }
        batch.bytes += bytes;
        ++count;
    }
    const auto end = pending_.begin() + static_cast<std::ptrdiff_t>(count);
    std::move(pending_.begin(), end, std::back_inserter(batch.records));
    pending_.erase(pending_.begin(), end);
    if (count > 0 && first_record_.ns == 0) {
        first_record_ = deps_.clock.now();
    }
    return batch;
}

void BucketJournal::send_next() {
    if (sending_ != nullptr) {
        return;
    }
    Batch batch = take_batch();
    if (!batch.records.empty()) {
        sending_ = std::make_unique<Batch>(std::move(batch));
        sending_since_ns_.store(deps_.clock.now().ns);
        send();
    }
}

void BucketJournal::send() {
    const Timestamp begin = deps_.clock.now();
    Status status = put_object();
    if (status.code() == absl::StatusCode::kAborted) {
        seals_met_.add();
        base::log_error(
            "another process has ended this one's journal, as it seemed to be dead; "
            "a new one is begun",
            {{"journal", absl::StrCat(journal_)}});
        close_current();
        status = put_object();
    }
    if (!status.ok() && !base::planted(base::Planted::kAcknowledgeBeforePut)) {
        fail(status);
        return;
    }
    put_seconds_.observe(static_cast<double>((deps_.clock.now() - begin).ns) / 1e9);
    acknowledge();
}

// kAborted: the journal is sealed.
Status BucketJournal::put_object() {
    LOGI_RETURN_IF_ERROR(register_journal());
    if (object_.empty()) {
        std::vector<NewRecord> records;
        for (const Pending& pending : sending_->records) {
            records.push_back(pending.record);
        }
        object_ = encode_object(journal_, number_ + 1, options_.writer, records);
    }
    return put_once(object_key(journal_, number_ + 1), object_);
}

// The time to a millisecond, and a random number behind it: of a journal that is gone the catalogs
// still know how far it had come, so no id may come twice, whatever the clocks say.
std::uint64_t BucketJournal::new_id() {
    constexpr std::uint64_t kRandom = (1ULL << 20U) - 1;
    const auto now = static_cast<std::uint64_t>(deps_.clock.now().ns);
    return (now & ~kRandom) | (deps_.random.next_u64() & kRandom);
}

Status BucketJournal::register_journal() {
    while (!registered_) {
        if (journal_ == 0) {
            journal_ = new_id();
            registry_text_ = registry_text(options_.writer, deps_.random.next_u64());
        }
        if (base::planted(base::Planted::kAcknowledgeUnregistered)) {
            put_once(registry_key(journal_), registry_text_).IgnoreError();
            break;
        }
        const Status status = put_once(registry_key(journal_), registry_text_);
        if (status.code() == absl::StatusCode::kAborted) {
            journal_ = 0;  // another's
            continue;
        }
        LOGI_RETURN_IF_ERROR(status);
        registered_ = true;
    }
    return absl::OkStatus();
}

// OK when the bytes are there, kAborted when others are, else it is not known.
Status BucketJournal::put_once(const std::string& key, const std::string& bytes) {
    const Status put = deps_.bucket.put_if_absent(key, bytes);
    if (put.ok()) {
        return put;
    }
    const auto found = deps_.bucket.get(key);
    if (found.ok()) {
        return *found == bytes ? absl::OkStatus() : absl::AbortedError(key);
    }
    return absl::UnavailableError(put.message());
}

void BucketJournal::acknowledge() {
    ++number_;
    const auto count = sending_->records.size();
    last_position_ = position_of(number_, count);
    bytes_ += sending_->bytes;
    objects_.add();
    bytes_total_.add(static_cast<double>(object_.size()));
    records_total_.add(static_cast<double>(count));
    kept_.add(journal_, number_, std::move(object_));  // before anybody hears that it is stored
    deliver_strand_.post(
        [records = std::move(sending_->records), journal = journal_, number = number_] {
            std::uint64_t index = 0;
            for (const Pending& pending : records) {
                pending.done(RecordId{journal, position_of(number, ++index)});
            }
        });
    bool more = false;
    {
        const base::MutexLock lock(mutex_);
        pending_bytes_ -= sending_->bytes;
        // After a seal was met they are the first of a new journal.
        if (first_record_.ns == 0) {
            first_record_ = deps_.clock.now();
        }
        more = !pending_.empty() && (!gathering_ || pending_bytes_ >= options_.object_bytes_max);
    }
    sending_ = nullptr;
    sending_since_ns_.store(0);
    object_.clear();
    failures_ = 0;
    refusing_.store(false);
    if (closing_ || bytes_ > options_.journal_bytes_max || number_ >= kObjectsMax) {
        close_current();
    }
    if (more) {
        post(&BucketJournal::send_next);
    }
}

void BucketJournal::fail(const Status& status) {
    put_failures_.add();
    if (failures_++ == 0) {
        failing_since_ = deps_.clock.now();
        base::log_error("the bucket does not take the journal; it is tried again",
                        {{"error", std::string(status.message())}});
    }
    if (deps_.clock.now() - failing_since_ > options_.failing_max) {
        refusing_.store(true);
    }
    const int doublings = std::min(failures_ - 1, kRetryDoublings);
    post_after(Duration{kRetryMin.ns << doublings}, &BucketJournal::send);
}

void BucketJournal::rotate() {
    post(&BucketJournal::close_if_open);
}

void BucketJournal::close_if_open() {
    if (sending_ != nullptr) {
        closing_ = true;
    } else if (number_ > 0) {
        close_current();
    }
}

void BucketJournal::close_current() {
    {
        const base::MutexLock lock(mutex_);
        closed_[journal_] = number_;
        first_record_ = {};
    }
    deliver_strand_.post([this, journal = journal_, last = last_position_, alive = alive_] {
        if (alive->load()) {
            events_.on_closed(journal, last);
        }
    });
    journal_ = 0;
    registered_ = false;
    object_.clear();
    number_ = 0;
    last_position_ = 0;
    bytes_ = 0;
    closing_ = false;
}

Status BucketJournal::remove(std::uint64_t journal) {
    std::uint64_t last = 0;
    {
        const base::MutexLock lock(mutex_);
        const auto it = closed_.find(journal);
        if (it == closed_.end()) {
            return absl::FailedPreconditionError(
                absl::StrCat("journal ", journal, " is not closed"));
        }
        last = it->second;
    }
    kept_.forget(journal);
    LOGI_RETURN_IF_ERROR(remove_journal(deps_.bucket, journal, last));
    const base::MutexLock lock(mutex_);
    closed_.erase(journal);
    return absl::OkStatus();
}

Duration BucketJournal::age() const {
    const base::MutexLock lock(mutex_);
    return first_record_.ns == 0 ? Duration{} : deps_.clock.now() - first_record_;
}

}  // namespace logi::journal
