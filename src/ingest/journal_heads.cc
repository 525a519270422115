#include "ingest/journal_heads.h"

#include "absl/strings/str_cat.h"
#include "base/planted.h"
#include "ingest/record.h"
#include "journal/registry.h"

#include <algorithm>

namespace logi::ingest {
namespace {

// A piece takes no more objects, so that a snapshot that moves on leaves few pieces of which only a
// part counts.
constexpr std::uint64_t kObjectsPerPiece = 64;
constexpr std::uint64_t kPieceBytes = 8ULL << 20U;
// Listings of a journal that is being removed meanwhile.
constexpr int kTries = 4;

}  // namespace

std::uint64_t JournalPiece::last() const {
    const base::MutexLock lock(mutex_);
    return records_.empty() ? 0 : records_.back().position;
}

bool JournalPiece::full() const {
    const base::MutexLock lock(mutex_);
    return objects_ >= kObjectsPerPiece || rows_.memory_bytes() >= kPieceBytes;
}

std::uint64_t JournalPiece::memory_bytes() const {
    const base::MutexLock lock(mutex_);
    return rows_.memory_bytes() + records_.size() * sizeof(Record);
}

Status JournalPiece::add(head::Generation& rows, const Record& record) {
    LOGI_ASSIGN_OR_RETURN(const DecodedRecord decoded, decode_record(record.payload));
    std::uint32_t index = 0;
    for (const auto& stream : decoded.streams) {
        rows.append(stream.labels, stream.id, stream.entries, record.position, index, record.bytes);
        index += static_cast<std::uint32_t>(stream.entries.size());
    }
    return absl::OkStatus();
}

StatusOr<std::uint64_t> JournalPiece::append(std::uint64_t object,
                                             const journal::TenantRecords& records) {
    const base::MutexLock lock(mutex_);
    const std::uint64_t before = rows_.memory_bytes() + records_.size() * sizeof(Record);
    ++objects_;
    view_ = nullptr;
    for (const auto& record : records.records) {
        const Record added{
            journal::position_of(object, record.index), record.payload, records.bytes};
        LOGI_RETURN_IF_ERROR(add(rows_, added));
        records_.push_back(added);
    }
    return rows_.memory_bytes() + records_.size() * sizeof(Record) - before;
}

std::shared_ptr<const segment::BlockHolder> JournalPiece::between(std::uint64_t from,
                                                                  std::uint64_t to) const {
    const base::MutexLock lock(mutex_);
    if (records_.empty() || records_.back().position <= from || records_.front().position > to) {
        return nullptr;
    }
    if (from < records_.front().position && records_.back().position <= to) {
        if (view_ == nullptr) {
            view_ = rows_.view();
        }
        return view_;
    }
    head::Generation part(journal_, from);
    for (const Record& record : records_) {
        if (record.position > from && record.position <= to) {
            add(part, record).IgnoreError();  // it was read before
        }
    }
    return part.empty() ? nullptr : part.view();
}

StatusOr<std::uint64_t> append_records(JournalPieces& pieces,
                                       std::uint64_t journal,
                                       std::uint64_t object,
                                       const journal::TenantRecords& records) {
    if (pieces.empty() || pieces.back()->full()) {
        pieces.push_back(std::make_shared<JournalPiece>(journal));
    }
    return pieces.back()->append(object, records);
}

JournalHeads::Found JournalHeads::find(const std::string& tenant) {
    const std::uint64_t begun_before = begun_.load();
    const base::MutexLock lock(mutex_);
    if (finished_ <= begun_before) {
        const std::uint64_t number = ++begun_;
        refresh();
        finished_ = number;
    }
    Found found;
    found.missing = missing_;
    found.all_registered = all_registered_;
    for (const auto& [journal, state] : journals_) {
        collect(tenant, state, found);
    }
    return found;
}

JournalHeads::Found JournalHeads::find_in(const std::string& tenant,
                                          const Listed& listed,
                                          const std::vector<std::uint64_t>& journals) {
    Found found;
    const base::MutexLock lock(mutex_);
    keep_only(listed);
    for (const std::uint64_t journal : journals) {
        load_to_end(journal, found.missing);
        collect(tenant, state_of(journal), found);
    }
    return found;
}

void JournalHeads::collect(const std::string& tenant, const JournalState& state, Found& found) {
    if (const auto it = state.pieces.find(tenant); it != state.pieces.end()) {
        found.pieces.insert(found.pieces.end(), it->second.begin(), it->second.end());
    }
    for (const auto& [number, damage] : state.damaged) {
        if (damage.tenant.empty() || damage.tenant == tenant) {
            found.missing.push_back(damage.why);
        }
    }
}

void JournalHeads::keep_only(const Listed& listed) {
    std::erase_if(journals_, [&](const auto& item) LOGI_REQUIRES(mutex_) {
        const auto& [journal, state] = item;
        if (state.since > listed.known_before ||
            std::binary_search(listed.registered.begin(), listed.registered.end(), journal)) {
            return false;
        }
        forget(state);
        return true;
    });
}

JournalHeads::JournalState& JournalHeads::state_of(std::uint64_t journal) {
    const auto [it, is_new] = journals_.try_emplace(journal);
    if (is_new) {
        it->second.since = ++known_;
    }
    return it->second;
}

void JournalHeads::refresh() {
    missing_.clear();
    if (base::planted(base::Planted::kRegistryFromCache) && begun_.load() % 4 != 0) {
        for (auto& [journal, state] : journals_) {
            load(journal, state).IgnoreError();
        }
        return;
    }
    const auto registered = journal::registered_journals(bucket_);
    all_registered_ = registered.ok();
    if (!registered.ok()) {
        missing_.push_back(
            absl::StrCat("which journals there are is not known: ", registered.status().message()));
        return;
    }
    keep_only({*registered, known()});
    for (const std::uint64_t journal : *registered) {
        load_to_end(journal, missing_);
    }
}

void JournalHeads::load_to_end(std::uint64_t journal, std::vector<std::string>& missing) {
    if (const Status status = load(journal, state_of(journal)); !status.ok()) {
        missing.push_back(
            absl::StrCat("journal ", journal, " cannot be read to its end: ", status.message()));
    }
}

Status JournalHeads::load(std::uint64_t journal, JournalState& state) {
    Status status;
    for (int i = 0; i < kTries; ++i) {
        LOGI_ASSIGN_OR_RETURN(const auto numbers, journal::object_numbers(bucket_, journal));
        forget_removed(numbers.empty() ? UINT64_MAX : numbers.front(), state);
        status = load_listed(journal, numbers, state);
        if (status.code() != absl::StatusCode::kAborted) {
            return status;
        }
    }
    return status;
}

Status JournalHeads::load_listed(std::uint64_t journal,
                                 const std::vector<std::uint64_t>& numbers,
                                 JournalState& state) {
    for (const std::uint64_t number : numbers) {
        if (number <= state.loaded || state.sealed) {
            continue;
        }
        const bool first = number == numbers.front();
        if (!first && number != state.loaded + 1) {
            return absl::AbortedError(absl::StrCat("object ", state.loaded + 1, " is gone"));
        }
        const Status status = load_object(journal, number, state);
        if (status.code() == absl::StatusCode::kNotFound) {
            return absl::AbortedError(absl::StrCat("object ", number, " is gone"));
        }
        LOGI_RETURN_IF_ERROR(status);
    }
    return absl::OkStatus();
}

// kNotFound: there is none of that number.
Status JournalHeads::load_object(std::uint64_t journal, std::uint64_t number, JournalState& state) {
    if (bytes_ > bytes_max_) {
        return absl::ResourceExhaustedError("the journals take too much memory");
    }
    const auto object = journal::read_object(bucket_, journal, number);
    switch (object.status().code()) {
        case absl::StatusCode::kOk:
            add(*object, state);
            break;
        case absl::StatusCode::kDataLoss:
        case absl::StatusCode::kUnimplemented:
            state.damaged.insert({number, {"", std::string(message_of(object.status()))}});
            break;
        default:
            return object.status();
    }
    state.loaded = number;
    return absl::OkStatus();
}

Status JournalHeads::poll(bool look) {
    const base::MutexLock lock(mutex_);
    if (look) {
        LOGI_RETURN_IF_ERROR(look_for_journals());
    }
    Status worst;
    for (auto& [journal, state] : journals_) {
        if (const Status status = load_next(journal, state); !status.ok()) {
            worst = status;
        }
    }
    return worst;
}

Status JournalHeads::look_for_journals() {
    LOGI_ASSIGN_OR_RETURN(const auto registered, journal::registered_journals(bucket_));
    keep_only({registered, known()});
    for (const std::uint64_t journal : registered) {
        if (journals_.contains(journal)) {
            continue;
        }
        // From where it begins by now.
        JournalState& state = state_of(journal);
        if (const Status status = load(journal, state); !status.ok()) {
            if (state.loaded == 0) {
                journals_.erase(journal);
            }
            return status;
        }
    }
    return absl::OkStatus();
}

Status JournalHeads::load_next(std::uint64_t journal, JournalState& state) {
    while (!state.sealed) {
        const Status status = load_object(journal, state.loaded + 1, state);
        if (status.code() == absl::StatusCode::kNotFound) {
            break;
        }
        LOGI_RETURN_IF_ERROR(status);
    }
    return absl::OkStatus();
}

void JournalHeads::tell(const std::string& tenant, const journal::TenantRecords& records) const {
    if (!listener_.wants || !listener_.wants(tenant)) {
        return;
    }
    auto streams = std::make_shared<std::vector<AcceptedStream>>();
    for (const auto& record : records.records) {
        if (auto decoded = decode_record(record.payload); decoded.ok()) {
            std::move(
                decoded->streams.begin(), decoded->streams.end(), std::back_inserter(*streams));
        }
    }
    listener_.found(tenant, std::move(streams), records.bytes);
}

void JournalHeads::add(const journal::JournalObject& object, JournalState& state) {
    state.sealed = object.seal;
    for (const auto& [tenant, records] : object.tenants) {
        tell(tenant, records);
        const auto added =
            append_records(state.pieces[tenant], object.journal, object.number, records);
        if (added.ok()) {
            bytes_ += *added;
        } else {
            const std::string key = journal::object_key(object.journal, object.number);
            state.damaged.insert(
                {object.number, {tenant, absl::StrCat(key, ": ", added.status().message())}});
        }
    }
    for (const auto& [tenant, why] : object.damaged) {
        if (!tenant.empty()) {
            state.damaged.insert({object.number, {tenant, std::string(message_of(why))}});
        }
    }
}

void JournalHeads::forget_removed(std::uint64_t first_left, JournalState& state) {
    for (auto& [tenant, pieces] : state.pieces) {
        std::erase_if(pieces, [&](const auto& piece) LOGI_REQUIRES(mutex_) {
            if (journal::object_of(piece->last()) >= first_left) {
                return false;
            }
            bytes_ -= std::min(bytes_, piece->memory_bytes());
            return true;
        });
    }
    absl::erase_if(state.pieces, [](const auto& item) { return item.second.empty(); });
    state.damaged.erase(state.damaged.begin(), state.damaged.lower_bound(first_left));
}

void JournalHeads::forget(const JournalState& state) {
    for (const auto& [tenant, pieces] : state.pieces) {
        for (const auto& piece : pieces) {
            bytes_ -= std::min(bytes_, piece->memory_bytes());
        }
    }
}

}  // namespace logi::ingest
