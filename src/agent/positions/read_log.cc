#include "agent/positions/read_log.h"

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/hash.h"
#include "base/log.h"
#include "journal/journal.h"

#include <algorithm>

namespace logi::agent {
namespace {

// One byte, then as the functions below write them.
enum Kind : std::uint8_t {
    kSnapshot = 1,   // id, last time, last save; what came before does not count
    kFile = 2,       // id, path, owner, device, inode, head bytes, head hash, delivered
    kHead = 3,       // id, head bytes, head hash
    kRange = 4,      // id, from, to - from, first time, lines
    kGuess = 5,      // id, position, time
    kDelivered = 6,  // id, position
    kSaved = 7,      // id, number, 0 or position + 1
    kRemoved = 8,    // id
    kIdentity = 9,   // id, device, inode
};

// A new journal begins with a snapshot once the old one is larger.
constexpr std::uint64_t kJournalBytesMax = 4U << 20U;

void begin(base::ByteWriter& out, Kind kind, std::uint64_t id) {
    out.u8(kind);
    out.varint(id);
}

void write_range(base::ByteWriter& out,
                 std::uint64_t id,
                 const ReadRange& range,
                 std::uint64_t lines) {
    begin(out, kRange, id);
    out.varint(range.from);
    out.varint(range.to - range.from);
    out.i64(range.first_time.ns);
    out.varint(lines);
}

void write_pair(base::ByteWriter& out, Kind kind, std::uint64_t id, std::uint64_t position) {
    begin(out, kind, id);
    out.varint(position);
}

void write_saved(base::ByteWriter& out, std::uint64_t id, const KnownFile::Saved& saved) {
    begin(out, kSaved, id);
    out.varint(saved.number);
    out.varint(saved.position.has_value() ? *saved.position + 1 : 0);
}

void write_guess(base::ByteWriter& out, std::uint64_t id, std::uint64_t position, Timestamp time) {
    write_pair(out, kGuess, id, position);
    out.i64(time.ns);
}

}  // namespace

class RecordReader : public base::ByteReader {
  public:
    using base::ByteReader::ByteReader;
};

FileHead head_of(std::string_view begin_of_file) {
    const std::string_view head = begin_of_file.substr(0, FileHead::kBytesMax);
    return {static_cast<std::uint32_t>(head.size()), base::hash64(head)};
}

const ReadRange* KnownFile::range_at(std::uint64_t position) const {
    const auto at = std::upper_bound(
        ranges.begin(), ranges.end(), position, [](std::uint64_t p, const ReadRange& range) {
            return p < range.to;
        });
    return at != ranges.end() && at->from <= position ? &*at : nullptr;
}

std::optional<std::uint64_t> KnownFile::position_in_save(std::uint64_t number) const {
    return saved.number == number          ? saved.position
           : saved_before.number == number ? saved_before.position
                                           : std::nullopt;
}

ReadLog::ReadLog() = default;
ReadLog::~ReadLog() = default;

StatusOr<std::unique_ptr<ReadLog>> ReadLog::open(const Deps& deps,
                                                 const std::string& dir,
                                                 bool keep) {
    auto log = std::make_unique<ReadLog>();
    log->strand_ = &deps.strand;
    LOGI_RETURN_IF_ERROR(deps.files.make_dirs(dir));
    journal::LocalJournal::Options options;
    options.dir = dir;
    LOGI_ASSIGN_OR_RETURN(log->journal_,
                          journal::LocalJournal::open(
                              {deps.executor, deps.files, deps.clock, deps.random, deps.metrics},
                              options,
                              [&](journal::RecordId, std::string_view record) {
                                  return keep ? log->apply(record) : absl::OkStatus();
                              },
                              {.on_closed = [](std::uint64_t, std::uint64_t) {
                              }}));
    for (const journal::RecordId& recovered : log->journal_->recovered()) {
        log->older_journals_.push_back(recovered.journal);
    }
    log->shrink();
    return log;
}

Status ReadLog::apply(std::string_view record) {
    RecordReader in(record);
    while (!in.done()) {
        LOGI_RETURN_IF_ERROR(apply_one(in));
        if (!in.ok()) {
            return absl::DataLossError("a record of read lines is cut short");
        }
    }
    return absl::OkStatus();
}

Status ReadLog::apply_one(RecordReader& in) {
    const std::uint8_t kind = in.u8();
    const std::uint64_t id = in.varint();
    last_id_ = std::max(last_id_, id);
    if (kind == kSnapshot) {
        files_.clear();
        last_time_ = std::max(last_time_, Timestamp{in.i64()});
        last_save_ = std::max(last_save_, in.varint());
        return absl::OkStatus();
    }
    if (kind == kRemoved) {
        files_.erase(id);
        return absl::OkStatus();
    }
    KnownFile& file = files_[id];
    file.id = id;
    switch (kind) {
        case kFile:
            file.path = std::string(in.string());
            file.owner = in.u64();
            file.identity.device = in.varint();
            file.identity.inode = in.varint();
            [[fallthrough]];
        case kHead:
            file.head.bytes = static_cast<std::uint32_t>(in.varint());
            file.head.hash = in.u64();
            if (kind == kFile) {
                file.delivered = in.varint();
            }
            return absl::OkStatus();
        case kRange: {
            ReadRange range;
            range.from = in.varint();
            range.to = range.from + in.varint();
            range.first_time.ns = in.i64();
            last_time_ = std::max(
                last_time_, range.first_time + Duration{static_cast<std::int64_t>(in.varint())});
            file.ranges.push_back(range);
            return absl::OkStatus();
        }
        case kGuess: {
            const std::uint64_t position = in.varint();
            file.guessed[position] = Timestamp{in.i64()};
            return absl::OkStatus();
        }
        case kDelivered: {
            const std::uint64_t position = in.varint();
            set_delivered(id, position);
            return absl::OkStatus();
        }
        case kIdentity:
            file.identity.device = in.varint();
            file.identity.inode = in.varint();
            return absl::OkStatus();
        case kSaved:
            file.saved_before = file.saved;
            file.saved.number = in.varint();
            file.saved.position = in.varint();
            if ((*file.saved.position)-- == 0) {
                file.saved.position.reset();
            }
            last_save_ = std::max(last_save_, file.saved.number);
            return absl::OkStatus();
        default:
            return absl::DataLossError(
                absl::StrCat("a record of read lines is of the unknown kind ", int{kind}));
    }
}

const KnownFile* ReadLog::find(std::uint64_t id) const {
    const auto at = files_.find(id);
    return at == files_.end() ? nullptr : &at->second;
}

std::uint64_t ReadLog::add_file(const std::string& path,
                                std::uint64_t owner,
                                const io::FileIdentity& identity,
                                const FileHead& head,
                                std::uint64_t delivered) {
    KnownFile& file = files_[++last_id_];
    file.id = last_id_;
    file.path = path;
    file.owner = owner;
    file.identity = identity;
    file.head = head;
    file.delivered = delivered;
    append_known(file, pending_);
    return last_id_;
}

void ReadLog::append_known(const KnownFile& file, std::string& out) const {
    base::ByteWriter writer(out);
    begin(writer, kFile, file.id);
    writer.string(file.path);
    writer.u64(file.owner);
    writer.varint(file.identity.device);
    writer.varint(file.identity.inode);
    writer.varint(file.head.bytes);
    writer.u64(file.head.hash);
    writer.varint(file.delivered);
    write_saved(writer, file.id, file.saved_before);
    write_saved(writer, file.id, file.saved);
    for (const ReadRange& range : file.ranges) {
        write_range(writer, file.id, range, 0);
    }
    for (const auto& [position, time] : file.guessed) {
        write_guess(writer, file.id, position, time);
    }
}

void ReadLog::set_head(std::uint64_t id, const FileHead& head) {
    files_[id].head = head;
    base::ByteWriter writer(pending_);
    begin(writer, kHead, id);
    writer.varint(head.bytes);
    writer.u64(head.hash);
}

void ReadLog::set_identity(std::uint64_t id, const io::FileIdentity& identity) {
    files_[id].identity = identity;
    base::ByteWriter writer(pending_);
    begin(writer, kIdentity, id);
    writer.varint(identity.device);
    writer.varint(identity.inode);
}

void ReadLog::add_range(std::uint64_t id, const ReadRange& range, std::uint64_t lines) {
    files_[id].ranges.push_back(range);
    last_time_ =
        std::max(last_time_, range.first_time + Duration{static_cast<std::int64_t>(lines)});
    base::ByteWriter writer(pending_);
    write_range(writer, id, range, lines);
}

void ReadLog::add_guess(std::uint64_t id, std::uint64_t position, Timestamp time) {
    files_[id].guessed[position] = time;
    base::ByteWriter writer(pending_);
    write_guess(writer, id, position, time);
}

void ReadLog::set_delivered(std::uint64_t id, std::uint64_t position) {
    const auto at = files_.find(id);
    if (at == files_.end()) {
        return;
    }
    KnownFile& file = at->second;
    file.delivered = std::max(file.delivered, position);
    while (!file.ranges.empty() && file.ranges.front().to <= file.delivered) {
        file.ranges.pop_front();
    }
    file.guessed.erase(file.guessed.begin(), file.guessed.upper_bound(file.delivered));
    if (journal_ != nullptr) {
        base::ByteWriter writer(pending_);
        write_pair(writer, kDelivered, id, position);
    }
}

void ReadLog::set_saved(std::uint64_t id, const KnownFile::Saved& saved) {
    KnownFile& file = files_[id];
    file.saved_before = file.saved;
    file.saved = saved;
    last_save_ = std::max(last_save_, saved.number);
    base::ByteWriter writer(pending_);
    write_saved(writer, id, saved);
}

void ReadLog::remove(std::uint64_t id) {
    files_.erase(id);
    base::ByteWriter writer(pending_);
    begin(writer, kRemoved, id);
}

void ReadLog::commit(std::function<void()> durable) {
    if (journal_ == nullptr) {
        pending_.clear();
        durable();
        return;
    }
    if (bytes_since_snapshot_ > kJournalBytesMax) {
        shrink();
    }
    const auto on_strand = [strand = strand_, durable = std::move(durable)] {
        strand->post(durable);
    };
    if (pending_.empty()) {
        journal_->post_in_order(on_strand);
        return;
    }
    bytes_since_snapshot_ += pending_.size();
    journal_->append(std::exchange(pending_, {}),
                     [this, on_strand](const StatusOr<journal::RecordId>& id) {
                         strand_->post([this, ok = id.ok(), status = id.status()] {
                             if (!ok && !failed_) {
                                 base::log_error(
                                     "what was read cannot be recorded: a restart may "
                                     "send lines twice",
                                     {{"error", std::string(status.message())}});
                             }
                             failed_ = !ok;
                         });
                         on_strand();
                     });
}

// Begins a new journal with all that is known, and removes the older ones once that is durable.
void ReadLog::shrink() {
    std::string snapshot;
    base::ByteWriter writer(snapshot);
    begin(writer, kSnapshot, last_id_);
    writer.i64(last_time_.ns);
    writer.varint(last_save_);
    for (const auto& [id, file] : files_) {
        append_known(file, snapshot);
    }
    pending_.clear();  // the snapshot has it
    bytes_since_snapshot_ = 0;
    journal_->rotate();
    journal_->append(std::move(snapshot), [this](const StatusOr<journal::RecordId>& id) {
        if (!id.ok()) {
            return;
        }
        strand_->post([this, journal = id->journal] {
            for (const std::uint64_t older : older_journals_) {
                if (older != journal) {
                    if (const Status removed = journal_->remove(older); !removed.ok()) {
                        base::log_warn("an old record of read lines stays",
                                       {{"error", std::string(removed.message())}});
                    }
                }
            }
            older_journals_ = {journal};
        });
    });
}

}  // namespace logi::agent
