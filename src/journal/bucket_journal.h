// The journal in the bucket: a push is acknowledged when the object with its record is there.
//
// Records of all tenants are gathered for a short time and put as one object under the next number
// of the journal, one after the other, with put_if_absent: so what is acknowledged has no gap
// before it. What comes of a put is not always known; it is tried until it is. Who believes this
// process dead puts a seal at the first free number: then nothing more is acknowledged from the
// journal, and what was to be in it goes to a new one. A closed journal takes no more records; the
// next one is registered before its first record.
#pragma once

#include "bucket/bucket.h"
#include "io/random.h"
#include "journal/journal.h"
#include "journal/journal_object.h"

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace logi::journal {

class BucketJournal final : public Journal {
  public:
    // Must outlive the journal.
    struct Deps {
        io::Executor& executor;
        bucket::Bucket& bucket;
        const io::Clock& clock;
        io::Random& random;
        base::Registry& metrics;
    };
    struct Options {
        std::string writer;  // random, of this run of the process
        Duration gather_max = Duration::millis(250);
        std::uint64_t object_bytes_max = 8ULL << 20U;    // of records; a larger one is alone
        std::uint64_t journal_bytes_max = 64ULL << 20U;  // closed once it has more
        std::uint64_t pending_bytes_max = 256ULL << 20U;
        std::uint64_t kept_bytes_max = 128ULL << 20U;  // of objects, as they are in the bucket
        // After failing for so long, records are refused until the bucket takes one again.
        Duration failing_max = Duration::seconds(2);
        // So long an object may take: then they are refused until it is there.
        Duration putting_max = Duration::seconds(5);
    };

    BucketJournal(const Deps& deps, Options options, JournalEvents events);
    ~BucketJournal() override;
    BucketJournal(const BucketJournal&) = delete;
    BucketJournal& operator=(const BucketJournal&) = delete;

    // kUnavailable while the bucket takes nothing.
    void append(const std::string& tenant,
                std::shared_ptr<const std::string> payload,
                std::function<void(StatusOr<RecordId>)> done) override;
    void post_in_order(io::Task task) override { deliver_strand_.post(std::move(task)); }
    void rotate() override;
    // Its objects, and the object that registers it.
    Status remove(std::uint64_t journal) override;
    [[nodiscard]] Duration age() const override;
    [[nodiscard]] StatusOr<KeptObjects::Objects> objects_after(std::uint64_t journal,
                                                               std::uint64_t after) const override {
        return kept_.after(journal, after);
    }

  private:
    struct Pending {
        NewRecord record;
        std::function<void(StatusOr<RecordId>)> done;
    };
    struct Batch {
        std::vector<Pending> records;
        std::uint64_t bytes = 0;
    };
    // Runs on the strand unless the journal is gone by then.
    void post(void (BucketJournal::*work)());
    void post_after(Duration delay, void (BucketJournal::*work)());
    [[nodiscard]] bool is_refusing() const;
    void on_gathered();
    void send_next();
    Batch take_batch();
    void send();
    Status put_object();
    [[nodiscard]] std::uint64_t new_id();
    Status register_journal();
    Status put_once(const std::string& key, const std::string& bytes);
    void acknowledge();
    void fail(const Status& status);
    void close_if_open();
    void close_current();

    Deps deps_;
    const Options options_;
    const JournalEvents events_;
    const std::shared_ptr<std::atomic<bool>> alive_ = std::make_shared<std::atomic<bool>>(true);
    KeptObjects kept_;
    std::atomic<bool> refusing_{false};
    std::atomic<std::int64_t> sending_since_ns_{0};  // 0: nothing is being sent

    // Touched on the strand only.
    std::unique_ptr<Batch> sending_;
    std::string object_;         // its bytes, once they are known
    std::uint64_t journal_ = 0;  // 0: the next record begins one
    bool registered_ = false;
    std::string registry_text_;
    std::uint64_t number_ = 0;  // of the last object
    std::uint64_t last_position_ = 0;
    std::uint64_t bytes_ = 0;
    bool closing_ = false;  // after what is being sent
    Timestamp failing_since_;
    int failures_ = 0;

    mutable base::Mutex mutex_;
    std::vector<Pending> pending_ LOGI_GUARDED_BY(mutex_);
    std::uint64_t pending_bytes_ LOGI_GUARDED_BY(mutex_) = 0;
    bool gathering_ LOGI_GUARDED_BY(mutex_) = false;  // a timer runs
    Timestamp first_record_ LOGI_GUARDED_BY(mutex_);
    std::map<std::uint64_t, std::uint64_t> closed_ LOGI_GUARDED_BY(mutex_);  // to the last object

    base::Counter objects_;
    base::Counter put_failures_;
    base::Counter seals_met_;
    base::Counter bytes_total_;
    base::Counter records_total_;
    base::Histogram put_seconds_;

    io::Strand strand_;
    io::Strand deliver_strand_;
};

}  // namespace logi::journal
