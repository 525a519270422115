#include "journal/journal.h"

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/log.h"
#include "journal/journal_reader.h"

namespace logi::journal {
namespace {

constexpr std::size_t kPayloadCopiedBelow = 16U << 10U;
const std::vector<double> kSyncBuckets = {
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5};

}  // namespace

LocalJournal::LocalJournal(const Deps& deps, Options options, Events events)
    : deps_(deps),
      options_(std::move(options)),
      events_(std::move(events)),
      syncs_(deps.metrics.counter("logi_journal_syncs_total", "Group commits that were synced.")),
      sync_failures_(deps.metrics.counter("logi_journal_failures_total",
                                          "Failed writes and syncs; each began a new file.")),
      bytes_(deps.metrics.counter("loki_ingester_wal_logged_bytes_total",
                                  "Bytes written to the journal.")),
      records_(deps.metrics.counter("loki_ingester_wal_records_logged_total",
                                    "Records written to the journal: pushes.")),
      damages_(deps.metrics.counter("loki_ingester_wal_corruptions_total",
                                    "Files of the journal that were found damaged.")),
      sync_seconds_(deps.metrics.histogram(
          "logi_journal_sync_seconds", "Time to write and sync one group.", kSyncBuckets)),
      commit_strand_(deps.executor),
      deliver_strand_(deps.executor) {}

StatusOr<std::unique_ptr<LocalJournal>> LocalJournal::open(const Deps& deps,
                                                           const Options& options,
                                                           const ReplayFn& replay,
                                                           Events events) {
    LOGI_RETURN_IF_ERROR(deps.files.make_dirs(options.dir));
    auto journal = absl::WrapUnique(new LocalJournal(deps, options, std::move(events)));
    LOGI_RETURN_IF_ERROR(journal->recover(replay));
    return journal;
}

std::string LocalJournal::path(std::uint64_t journal) const {
    return path_in(options_.dir, journal);
}

std::string LocalJournal::path_in(const std::string& dir, std::uint64_t journal) {
    return dir + "/" + file_name(journal);
}

StatusOr<std::vector<std::uint64_t>> LocalJournal::list(io::FileSystem& files,
                                                        const std::string& dir) {
    const auto names = files.list(dir);
    if (names.status().code() == absl::StatusCode::kNotFound) {
        return std::vector<std::uint64_t>();
    }
    LOGI_RETURN_IF_ERROR(names.status());
    std::vector<std::uint64_t> ids;
    for (const auto& name : *names) {
        std::uint64_t id = 0;
        if (parse_file_name(name, id)) {
            ids.push_back(id);
        }
    }
    return ids;
}

Status LocalJournal::recover(const ReplayFn& replay) {
    LOGI_ASSIGN_OR_RETURN(const std::vector<std::uint64_t> ids, list(deps_.files, options_.dir));
    last_id_ = options_.ids_after;
    // A successor says how much of a file was durable.
    std::vector<FileHeader> headers(ids.size());
    for (std::size_t i = 0; i < ids.size(); ++i) {
        last_id_ = std::max(last_id_, ids[i]);
        previous_id_ = ids[i];
        const auto file = deps_.files.open(path(ids[i]));
        LOGI_RETURN_IF_ERROR(file.status());
        const auto length = std::min<std::uint64_t>((*file)->size(), kPreambleBytes);
        LOGI_ASSIGN_OR_RETURN(const auto bytes, (*file)->read(0, length));
        const auto preamble = decode_preamble(bytes);
        headers[i] = preamble.ok() ? preamble->header : FileHeader{};
    }
    for (std::size_t i = 0; i < ids.size(); ++i) {
        const bool known = i + 1 < ids.size() && headers[i + 1].previous_journal == ids[i];
        LOGI_RETURN_IF_ERROR(
            recover_file(ids[i], known ? &headers[i + 1].previous_bytes : nullptr, replay));
    }
    return deps_.files.sync_dir(options_.dir);
}

Status LocalJournal::recover_file(std::uint64_t id,
                                  const std::uint64_t* durable_bytes,
                                  const ReplayFn& replay) {
    auto reader = JournalReader::open(deps_.files, path(id));
    RecordId last{id, 0};
    if (!reader.ok()) {
        if (reader.status().code() != absl::StatusCode::kDataLoss) {
            return reader.status();
        }
        recovered_.push_back(last);
        previous_bytes_ = 0;
        // A file whose header never became durable holds nothing that was acknowledged, unless a
        // successor says otherwise.
        LOGI_ASSIGN_OR_RETURN(const auto file, deps_.files.open(path(id)));
        const bool promised = durable_bytes != nullptr && *durable_bytes > 0;
        if (file->size() < kFileHeaderBytes && !promised) {
            return absl::OkStatus();
        }
        damages_.add();
        base::log_error("journal file is unreadable",
                        {{"error", std::string(reader.status().message())}});
        const base::MutexLock lock(mutex_);
        damaged_.push_back(id);
        return absl::OkStatus();
    }
    if (durable_bytes != nullptr) {
        (*reader)->limit(*durable_bytes);
    }
    while (true) {
        LOGI_ASSIGN_OR_RETURN(const auto record, (*reader)->next());
        if (!record) {
            break;
        }
        last.position = record->position;
        LOGI_RETURN_IF_ERROR(replay(last, record->payload));
    }
    if ((*reader)->damaged_bytes() > 0) {
        damages_.add();
        base::log_error("journal file is damaged; the records around the damage were read",
                        {{"file", path(id)},
                         {"offset", absl::StrCat((*reader)->damage_offset())},
                         {"bytes", absl::StrCat((*reader)->damaged_bytes())}});
        const base::MutexLock lock(mutex_);
        damaged_.push_back(id);
    }
    if ((*reader)->torn_bytes() > 0) {
        base::log_warn("journal file ends in a torn record that was never acknowledged",
                       {{"file", path(id)},
                        {"offset", absl::StrCat((*reader)->good_end())},
                        {"bytes", absl::StrCat((*reader)->torn_bytes())}});
    }
    previous_bytes_ = (*reader)->good_end();
    recovered_.push_back(last);
    return absl::OkStatus();
}

void LocalJournal::append(std::shared_ptr<const std::string> payload,
                          std::function<void(StatusOr<RecordId>)> done) {
    {
        const base::MutexLock lock(mutex_);
        const std::uint64_t bytes = payload->size();
        if (bytes <= kRecordBytesMax && pending_bytes_ + bytes <= options_.pending_bytes_max) {
            pending_bytes_ += bytes;
            pending_.push_back({std::move(payload), std::move(done)});
            if (!commit_posted_) {
                commit_posted_ = true;
                commit_strand_.post([this] { commit(); });
            }
            return;
        }
    }
    done(absl::ResourceExhaustedError("the journal has too many bytes waiting to be written"));
}

void LocalJournal::commit() {
    std::vector<Pending> batch;
    {
        const base::MutexLock lock(mutex_);
        batch.swap(pending_);
        commit_posted_ = false;
        if (first_record_.ns == 0) {
            first_record_ = deps_.clock.now();
        }
    }
    const Timestamp begin = deps_.clock.now();
    const StatusOr<std::uint64_t> first = write_batch(batch);
    sync_seconds_.observe(static_cast<double>((deps_.clock.now() - begin).ns) / 1e9);
    std::uint64_t bytes = 0;
    for (const auto& p : batch) {
        bytes += p.payload->size();
    }
    {
        const base::MutexLock lock(mutex_);
        pending_bytes_ -= bytes;
    }
    const std::uint64_t journal = header_.journal;
    deliver_strand_.post([batch = std::move(batch), first, journal] {
        for (std::size_t i = 0; i < batch.size(); ++i) {
            if (first.ok()) {
                batch[i].done(RecordId{journal, *first + i});
            } else {
                batch[i].done(first.status());
            }
        }
    });
    if (!first.ok()) {
        sync_failures_.add();
        base::log_error(
            "journal write failed; a new file will be begun",
            {{"file", path(journal)}, {"error", std::string(first.status().message())}});
        close_current();
    } else if (file_bytes_ > options_.file_bytes_max) {
        close_current();
    }
}

// Returns the position of the batch's first record.
StatusOr<std::uint64_t> LocalJournal::write_batch(const std::vector<Pending>& batch) {
    if (file_ == nullptr) {
        LOGI_RETURN_IF_ERROR(open_file());
    }
    // Headers and short payloads are gathered; long payloads are written from where they are.
    std::string gathered;
    std::size_t gathered_bytes = 0;
    std::uint64_t total = 0;
    for (const auto& p : batch) {
        const bool is_short = p.payload->size() < kPayloadCopiedBelow;
        gathered_bytes += kRecordHeaderBytes + (is_short ? p.payload->size() : 0);
        total += kRecordHeaderBytes + p.payload->size();
    }
    gathered.reserve(gathered_bytes);  // views into it stay valid
    std::vector<std::string_view> parts;
    std::uint64_t position = position_;
    std::size_t begin = 0;
    for (const auto& p : batch) {
        append_record_header(gathered, header_.salt, ++position, *p.payload);
        if (p.payload->size() < kPayloadCopiedBelow) {
            gathered.append(*p.payload);
            continue;
        }
        parts.push_back(std::string_view(gathered).substr(begin));
        parts.emplace_back(*p.payload);
        begin = gathered.size();
    }
    parts.push_back(std::string_view(gathered).substr(begin));
    LOGI_RETURN_IF_ERROR(file_->append(parts));
    LOGI_RETURN_IF_ERROR(file_->sync());
    const std::uint64_t first = position_ + 1;
    position_ = position;
    file_bytes_ += total;
    syncs_.add();
    bytes_.add(static_cast<double>(total));
    records_.add(static_cast<double>(batch.size()));
    return first;
}

Status LocalJournal::open_file() {
    FileHeader header;
    header.previous_journal = previous_id_;
    header.previous_bytes = previous_bytes_;
    const auto now = static_cast<std::uint64_t>(std::max<std::int64_t>(deps_.clock.now().ns, 1));
    header.journal = std::max(now, last_id_ + 1);
    header.salt = deps_.random.next_u64();
    header.created_ns = deps_.clock.now().ns;
    // Never reused, even if this file comes to nothing.
    last_id_ = header.journal;
    previous_id_ = header.journal;
    header_ = header;
    position_ = 0;
    file_bytes_ = 0;
    // If this file fails too, its successor must still say how much of the one before it counts:
    // a file without records is skipped by naming none as durable.
    previous_bytes_ = 0;
    LOGI_ASSIGN_OR_RETURN(auto file, deps_.files.create(path(header.journal)));
    const std::string bytes = encode_preamble(header);
    LOGI_RETURN_IF_ERROR(file->append(bytes));
    LOGI_RETURN_IF_ERROR(file->sync());
    LOGI_RETURN_IF_ERROR(deps_.files.sync_dir(options_.dir));
    file_ = std::move(file);
    file_bytes_ = bytes.size();
    return absl::OkStatus();
}

void LocalJournal::close_current() {
    file_.reset();
    previous_bytes_ = position_ == 0 ? 0 : file_bytes_;
    const std::uint64_t journal = header_.journal;
    const std::uint64_t last = position_;
    {
        const base::MutexLock lock(mutex_);
        first_record_ = Timestamp{};
    }
    deliver_strand_.post([this, journal, last] { events_.on_closed(journal, last); });
}

void LocalJournal::rotate() {
    commit_strand_.post([this] {
        if (file_ != nullptr && position_ > 0) {
            close_current();
        }
    });
}

void LocalJournal::post_in_order(io::Task task) {
    commit_strand_.post([this, task = std::move(task)] { deliver_strand_.post(task); });
}

Status LocalJournal::remove(std::uint64_t journal) {
    bool damaged = false;
    {
        const base::MutexLock lock(mutex_);
        damaged = std::find(damaged_.begin(), damaged_.end(), journal) != damaged_.end();
    }
    const Status status = damaged ? deps_.files.rename(path(journal), path(journal) + ".damaged")
                                  : deps_.files.remove(path(journal));
    if (!status.ok() && status.code() != absl::StatusCode::kNotFound) {
        return status;
    }
    return deps_.files.sync_dir(options_.dir);
}

Duration LocalJournal::age() const {
    const base::MutexLock lock(mutex_);
    return first_record_.ns == 0 ? Duration{} : deps_.clock.now() - first_record_;
}

}  // namespace logi::journal
