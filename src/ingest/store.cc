#include "ingest/store.h"

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/log.h"
#include "base/planted.h"
#include "bucket/counted_bucket.h"
#include "bucket/directory_bucket.h"
#include "ingest/record.h"
#include "journal/registry.h"

namespace logi::ingest {
namespace {

// Of open segments, and of the pages of their directories.
constexpr std::size_t kOpenSegmentsBytesMax = 64U << 20U;
constexpr std::size_t kPagesBytesMax = 64U << 20U;
constexpr Duration kTick = Duration::seconds(30);
// A stream without entries for this long no longer counts towards the stream limit.
constexpr Duration kStreamIdle = Duration::hours(1);
// Of a generation that others have a say in: a request to delete may come while it is written.
constexpr int kFlushTries = 4;

}  // namespace

Store::Store(const Deps& deps, StoreOptions options, std::shared_ptr<const TenantRules> defaults)
    : deps_(deps),
      options_(std::move(options)),
      limits_(std::move(defaults)),
      segments_(kOpenSegmentsBytesMax, kPagesBytesMax),
      flushes_waiting_(deps.executor,
                       [this](const FlushQueue::Job& job) { return flush_job(job); }),
      head_bytes_gauge_(
          deps.metrics.gauge("logi_head_bytes", "Memory of entries not yet in segments.")),
      streams_gauge_(deps.metrics.gauge("logi_tenants", "Tenants known to this process.")),
      segments_gauge_(deps.metrics.gauge("logi_segments", "Segments that live, of all tenants.")),
      flush_metrics_(deps.metrics),
      recovered_entries_(deps.metrics.counter("loki_ingester_wal_recovered_entries_total",
                                              "Entries read from the journal at the start.")),
      metrics_(deps.metrics.on_render([this](base::Scrape& scrape) { collect(scrape); })) {}

Store::~Store() = default;

StatusOr<std::unique_ptr<Store>> Store::open(const Deps& deps, StoreOptions options) {
    LOGI_ASSIGN_OR_RETURN(auto defaults, TenantRules::of(options.limits));
    auto store = absl::WrapUnique(new Store(deps, std::move(options), std::move(defaults)));
    LOGI_RETURN_IF_ERROR(store->load());
    return store;
}

void Store::open_ranges() {
    if (options_.open_ranges) {
        segments_.use(options_.open_ranges(*bucket_));
    }
}

Status Store::load() {
    if (shared()) {
        return load_shared();
    }
    const std::string& dir = options_.data_dir;
    LOGI_RETURN_IF_ERROR(deps_.files.make_dirs(dir));
    LOGI_ASSIGN_OR_RETURN(lock_, deps_.files.lock(dir + "/lock"));
    LOGI_ASSIGN_OR_RETURN(auto opened,
                          options_.open_bucket ? options_.open_bucket()
                                               : bucket::DirectoryBucket::open(
                                                     deps_.files, deps_.random, dir + "/bucket"));
    bucket_ =
        std::make_unique<bucket::CountedBucket>(std::move(opened), deps_.clock, deps_.metrics);
    open_ranges();
    const std::string journal_dir = dir + "/journal";
    LOGI_ASSIGN_OR_RETURN(journals_found_, journal::LocalJournal::list(deps_.files, journal_dir));
    LOGI_ASSIGN_OR_RETURN(const auto folders,
                          bucket_->list_folders(catalog::Catalog::kTenantsFolder));
    for (const auto& folder : folders) {
        const auto name = bucket::unescape_key_part(folder);
        if (!name.ok() || bucket::escape_key_part(*name) != folder) {
            base::log_warn("this folder is no tenant's", {{"folder", folder}});
            continue;
        }
        LOGI_RETURN_IF_ERROR(tenant(*name).status());
    }
    journal::LocalJournal::Options journal_options;
    journal_options.dir = journal_dir;
    journal_options.file_bytes_max = options_.journal_file_bytes_max;
    for (const auto& known : tenants()) {
        const auto snapshot = known->catalog().snapshot();
        const auto remember = [&](const std::map<std::uint64_t, std::uint64_t>& journals) {
            if (!journals.empty()) {
                journal_options.ids_after =
                    std::max(journal_options.ids_after, journals.rbegin()->first);
            }
        };
        remember(snapshot->positions);
        for (const auto& request : snapshot->deletes) {
            remember(request.arrived);
        }
    }
    std::uint64_t replaying = 0;
    LOGI_ASSIGN_OR_RETURN(
        auto journal,
        journal::LocalJournal::open(
            {deps_.executor, deps_.files, deps_.clock, deps_.random, deps_.metrics},
            journal_options,
            [&](journal::RecordId id, std::string_view payload) {
                if (replaying != 0 && id.journal != replaying) {
                    seal_all(replaying, UINT64_MAX, "replayed");
                }
                replaying = id.journal;
                return replay(id, payload);
            },
            {[this](std::uint64_t journal, std::uint64_t last) {
                on_journal_closed(journal, last);
            }}));
    const std::vector<journal::RecordId> recovered = journal->recovered();
    journal_ = std::move(journal);
    for (const auto& id : recovered) {
        // What earlier runs wrote takes no more records.
        const base::MutexLock lock(mutex_);
        journals_[id.journal].closed = true;
    }
    if (replaying != 0) {
        seal_all(replaying, UINT64_MAX, "replayed");
    }
    {
        const base::MutexLock lock(mutex_);
        open_bytes_ = 0;
        last_earlier_journal_ = journal_options.ids_after;
        if (!recovered.empty()) {
            last_earlier_journal_ = std::max(last_earlier_journal_, recovered.back().journal);
        }
    }
    remove_closed_journals();
    for (const auto& known : tenants()) {
        count_segments(*known);
    }
    tick_later();
    return absl::OkStatus();
}

Status Store::replay(journal::RecordId id, std::string_view payload) {
    const auto record = decode_record(payload);
    if (!record.ok()) {
        return Status(record.status().code(),
                      absl::StrCat("journal ",
                                   id.journal,
                                   " position ",
                                   id.position,
                                   ": ",
                                   record.status().message()));
    }
    LOGI_ASSIGN_OR_RETURN(const auto owner, tenant(std::string(record->tenant)));
    if (owner->catalog().snapshot()->position(id.journal) < id.position) {
        add_sealed(owner, owner->seal_at_delete(id), "replayed");
        apply(owner, record->streams, id, nullptr);
        for (const auto& stream : record->streams) {
            recovered_entries_.add(static_cast<double>(stream.entries.size()));
        }
    }
    return absl::OkStatus();
}

StatusOr<std::shared_ptr<Tenant>> Store::tenant(const std::string& name) {
    {
        const base::MutexLock lock(mutex_);
        const auto it = tenants_.find(name);
        if (it != tenants_.end()) {
            return it->second;
        }
    }
    LOGI_ASSIGN_OR_RETURN(
        auto catalog,
        shared()
            ? catalog::Catalog::open_shared(
                  *bucket_, deps_.clock, deps_.random, name, options_.shared->catalog)
            : catalog::Catalog::open(*bucket_, deps_.clock, deps_.random, name, journals_found_));
    const base::MutexLock lock(mutex_);
    auto& slot = tenants_[name];
    if (slot == nullptr) {
        slot = std::make_shared<Tenant>(name, std::move(catalog));
        streams_gauge_.set(static_cast<double>(tenants_.size()));
    }
    return slot;
}

std::vector<std::shared_ptr<Tenant>> Store::tenants() const {
    const base::MutexLock lock(mutex_);
    std::vector<std::shared_ptr<Tenant>> all;
    all.reserve(tenants_.size());
    for (const auto& [name, tenant] : tenants_) {
        all.push_back(tenant);
    }
    // Independent of hash order, so that a simulation replays.
    std::sort(
        all.begin(), all.end(), [](const auto& a, const auto& b) { return a->name() < b->name(); });
    return all;
}

void Store::apply(const std::shared_ptr<Tenant>& tenant,
                  const std::vector<AcceptedStream>& streams,
                  journal::RecordId id,
                  const std::shared_ptr<const std::string>& record) {
    const std::uint64_t bytes = tenant->apply(streams, id, record, deps_.clock.now());
    const base::MutexLock lock(mutex_);
    head_bytes_ += bytes;
    open_bytes_ += bytes;
    head_bytes_gauge_.set(static_cast<double>(head_bytes_));
    journals_.try_emplace(id.journal);
    applied_journal_ = id.journal;
    applied_position_ = id.position;
}

void Store::on_journal_closed(std::uint64_t journal, std::uint64_t last) {
    const bool aged = rotating_for_age_.exchange(false);
    if (last > 0) {
        seal_all(journal, last, is_stopping() ? "forced" : aged ? "max_age" : "full");
    }
    {
        const base::MutexLock lock(mutex_);
        journals_[journal].closed = true;
        open_bytes_ = 0;
        rotating_ = false;
    }
    flushes_waiting_.post([this] { remove_closed_journals(); });
}

// `to` may be UINT64_MAX for a journal that takes no more records.
void Store::seal_all(std::uint64_t journal, std::uint64_t to, const char* reason) {
    for (const auto& tenant : tenants()) {
        add_sealed(tenant, tenant->seal(journal, to), reason);
    }
}

void Store::add_sealed(const std::shared_ptr<Tenant>& tenant,
                       std::shared_ptr<head::Generation> generation,
                       const char* reason) {
    if (generation != nullptr) {
        {
            const base::MutexLock lock(mutex_);
            ++journals_[generation->journal()].generations;
        }
        flushes_waiting_.add({tenant, std::move(generation), reason});
    }
}

Store::Arrived Store::arrived() const {
    const base::MutexLock lock(mutex_);
    if (applied_journal_ <= last_earlier_journal_) {
        return {{last_earlier_journal_, UINT64_MAX}};
    }
    return {{applied_journal_, applied_position_}};
}

void Store::close_journal(std::uint64_t journal) {
    {
        const base::MutexLock lock(mutex_);
        if (journal != applied_journal_) {
            return;
        }
    }
    journal_->rotate();
}

void Store::cut(std::shared_ptr<Tenant> tenant, std::function<void(const Arrived&)> done) {
    LOGI_CHECK(!shared());
    journal_->post_in_order([this, tenant = std::move(tenant), done = std::move(done)] {
        const Arrived arrived = this->arrived();
        const auto& [journal, position] = *arrived.begin();
        add_sealed(tenant, tenant->seal(journal, position), "forced");
        deps_.executor.post_long([done, arrived] { done(arrived); });
    });
}

Status Store::flush_job(const FlushQueue::Job& job) {
    if (const Status status = flush_generation(job); !status.ok()) {
        flush_metrics_.failures.add();
        return status;
    }
    flush_metrics_.count_flushed(job.reason);
    const std::uint64_t bytes = job.tenant->drop(job.generation);
    {
        const base::MutexLock lock(mutex_);
        head_bytes_ -= std::min(head_bytes_, bytes);
        head_bytes_gauge_.set(static_cast<double>(head_bytes_));
        --journals_[job.generation->journal()].generations;
    }
    remove_closed_journals();
    count_segments(*job.tenant);
    return absl::OkStatus();
}

Status Store::flush_generation(const FlushQueue::Job& job) {
    Status status;
    for (int i = 0; i < kFlushTries; ++i) {
        if (shared()) {
            LOGI_RETURN_IF_ERROR(job.tenant->catalog().learn());
            const auto parts = parts_of(*job.tenant->catalog().snapshot(), *job.generation);
            status = parts.size() > 1 ? flush_parts(job, parts) : flush_once(job);
        } else {
            status = flush_once(job);
        }
        if (!absl::IsAborted(status)) {
            break;
        }
    }
    return status;
}

Status Store::flush_once(const FlushQueue::Job& job) {
    auto& catalog = job.tenant->catalog();
    const auto& generation = *job.generation;
    catalog::FlushCommit commit;
    commit.journal = generation.journal();
    commit.from = generation.from();
    commit.to = generation.to();
    commit.by_writer = !shared() || !options_.shared->writer.empty();
    commit.oldest_journal = shared() ? 0 : oldest_journal();  // others have journals of their own
    if (shared()) {
        commit.is_registered = [&] {
            return journal::is_registered(*bucket_, commit.journal);
        };
    }
    // An attempt whose outcome was unknown may have committed after all.
    if (catalog.snapshot()->position(commit.journal) >= commit.to) {
        return absl::OkStatus();
    }
    const Deleted deleted = deleted_of(job);
    const auto put = [&](head::FlushedSegment segment) -> Status {
        catalog::SegmentInfo info;
        info.key = catalog.new_segment_key(commit);
        info.min_time = segment.min_time;
        info.max_time = segment.max_time;
        info.rows = segment.rows;
        info.line_bytes = segment.line_bytes;
        info.size_bytes = segment.bytes.size();
        info.streams = segment.streams;
        info.deletes_applied_on = deleted.applied_on;
        LOGI_RETURN_IF_ERROR(bucket_->put(info.key, segment.bytes));
        base::log_debug("segment written",
                        {{"key", info.key},
                         {"rows", std::to_string(segment.rows)},
                         {"duplicates", std::to_string(segment.duplicates)}});
        // A journal is called by the time at which it began.
        flush_metrics_.count_written(
            segment,
            deps_.clock.now() - Timestamp{static_cast<std::int64_t>(generation.journal())});
        commit.segments.push_back(std::move(info));
        return absl::OkStatus();
    };
    LOGI_RETURN_IF_ERROR(generation.flush(put, deleted.rows));
    const Status status = catalog.commit(commit);
    if (status.ok()) {
        for (const auto& rows : deleted.rows) {
            flush_metrics_.removed_rows.add(
                static_cast<double>(std::count(rows.begin(), rows.end(), true)));
        }
    }
    if (status.code() != absl::StatusCode::kFailedPrecondition) {
        return status;
    }
    if (catalog.snapshot()->position(commit.journal) >= commit.to) {
        return absl::OkStatus();
    }
    if (shared()) {
        LOGI_ASSIGN_OR_RETURN(const bool registered, commit.is_registered());
        if (!registered) {
            base::log_warn("others have written a journal of this process into segments",
                           {{"journal", std::to_string(commit.journal)}});
            return absl::OkStatus();
        }
    }
    return status;
}

void Store::remove_closed_journals() {
    std::vector<std::uint64_t> removable;
    {
        const base::MutexLock lock(mutex_);
        for (auto& [journal, state] : journals_) {
            if (state.closed && !state.leaving &&
                (state.generations == 0 ||
                 (shared() && base::planted(base::Planted::kRemoveUnwrittenJournal)))) {
                removable.push_back(journal);
                state.leaving = shared();
            }
        }
    }
    for (const std::uint64_t journal : removable) {
        if (shared()) {
            const bool kept = !base::planted(base::Planted::kJournalNotKept);
            flushes_waiting_.post_after(kept ? journal::kKeptFor : Duration(),
                                        [this, journal] { remove_journal(journal); });
        } else {
            remove_journal(journal);
        }
    }
}

void Store::remove_journal(std::uint64_t journal) {
    const Status status = journal_->remove(journal);
    if (!status.ok()) {
        base::log_warn("cannot remove a journal file whose entries are all in segments",
                       {{"error", std::string(status.message())}});
    }
    const base::MutexLock lock(mutex_);
    if (status.ok()) {
        journals_.erase(journal);
    } else {
        journals_[journal].leaving = false;
    }
}

void Store::collect(base::Scrape& scrape) const {
    double groups = 0;
    for (const auto& tenant : tenants()) {
        const base::MetricLabels labels = {{"tenant", tenant->name()}};
        const auto streams = tenant->stream_counts();
        scrape.gauge("loki_ingester_memory_streams",
                     "Streams with entries in the last hour.",
                     labels,
                     static_cast<double>(streams.active));
        scrape.counter("loki_ingester_streams_created_total",
                       "Streams that came to have entries in the last hour.",
                       labels,
                       static_cast<double>(streams.created));
        scrape.counter("loki_ingester_streams_removed_total",
                       "Streams that had none for an hour.",
                       labels,
                       static_cast<double>(streams.created - streams.active));
        for (const auto& generation : tenant->generations()) {
            groups += static_cast<double>(generation->group_count());
        }
    }
    scrape.gauge("loki_ingester_memory_chunks",
                 "Groups of entries that are not yet in segments.",
                 {},
                 groups);
    scrape.gauge("loki_ingester_flush_queue_length",
                 "Generations that wait to be written to segments.",
                 {},
                 static_cast<double>(flushes_waiting_.size()));
    // The server answers nothing before its journal is read.
    scrape.gauge("loki_ingester_wal_replay_active", "Whether the journal is being read.", {}, 0);
}

std::uint64_t Store::oldest_journal() const {
    const base::MutexLock lock(mutex_);
    return journals_.empty() ? 0 : journals_.begin()->first;
}

void Store::flush(std::function<void(Status)> done) {
    journal_->post_in_order([this, done = std::move(done)] {
        std::uint64_t journal = 0;
        std::uint64_t position = 0;
        {
            const base::MutexLock lock(mutex_);
            journal = applied_journal_;
            position = applied_position_;
        }
        if (journal != 0) {
            seal_all(journal, position, "forced");
        }
        flushes_waiting_.wait(done);
    });
}

bool Store::is_stopping() const {
    const base::MutexLock lock(mutex_);
    return stopping_;
}

void Store::stop_taking() {
    const base::MutexLock lock(mutex_);
    stopping_ = true;
}

void Store::stop(io::Task done) {
    stop_taking();
    journal_->post_in_order([this, done = std::move(done)] {
        flushes_waiting_.stop();
        flushes_waiting_.post(done);
    });
}

void Store::shutdown(std::function<void(Status)> done) {
    stop_taking();
    journal_->rotate();
    flush([this, done = std::move(done)](Status status) {
        flushes_waiting_.stop();
        flushes_waiting_.post([this, done, status] {
            remove_closed_journals();
            done(status);
        });
    });
}

void Store::tick_later() {
    flushes_waiting_.post_after(kTick, [this] { tick(); });
}

void Store::tick() {
    if (journal_->age() > options_.flush_age_max) {
        rotating_for_age_ = true;
        journal_->rotate();
    }
    const Timestamp idle_before = deps_.clock.now() - kStreamIdle;
    for (const auto& tenant : tenants()) {
        tenant->forget_idle_streams(idle_before);
    }
    tick_later();
}

}  // namespace logi::ingest
