#include "bucket/range_store.h"

#include "absl/memory/memory.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/log.h"

#include <algorithm>
#include <utility>

namespace logi::bucket {
namespace {

constexpr std::string_view kRecordMagic = "LRNG";
constexpr std::string_view kIndexMagic = "LRIX";
const std::string kSuffix = ".ranges";
constexpr std::size_t kHeaderBytes = 28;
constexpr std::size_t kTrailerBytes = 16;
// What may wait for the thread that writes; more is not kept.
constexpr std::uint64_t kWaitingBytesMax = 8ULL << 20U;

struct Header {
    std::uint32_t bytes_crc = 0;
    std::uint64_t number = 0;
    std::uint32_t name_bytes = 0;
    std::uint32_t bytes = 0;
    std::uint32_t crc = 0;
    std::string_view checked;  // by the CRC, with the name

    [[nodiscard]] std::uint64_t record_bytes() const { return kHeaderBytes + name_bytes + bytes; }
};

std::string header_of(std::string_view name, std::uint64_t number, std::string_view bytes) {
    std::string rest;
    base::ByteWriter w(rest);
    w.u32(base::crc32c(bytes));
    w.u64(number);
    w.u32(static_cast<std::uint32_t>(name.size()));
    w.u32(static_cast<std::uint32_t>(bytes.size()));
    w.bytes(name);
    std::string header;
    base::ByteWriter h(header);
    h.bytes(kRecordMagic);
    h.u32(base::crc32c(rest));
    h.bytes(rest);
    return header;
}

std::optional<Header> parse_header(std::string_view bytes) {
    base::ByteReader r(bytes);
    Header header;
    const bool is_record = r.bytes(kRecordMagic.size()) == kRecordMagic;
    header.crc = r.u32();
    header.checked = bytes.substr(std::min<std::size_t>(8, bytes.size()));
    header.bytes_crc = r.u32();
    header.number = r.u64();
    header.name_bytes = r.u32();
    header.bytes = r.u32();
    if (!r.ok() || !is_record || header.name_bytes > RangeStore::kNameBytesMax ||
        header.bytes > RangeStore::kChunkBytesMax) {
        return std::nullopt;
    }
    return header;
}

// The name, if header and name are whole; the bytes behind them are not looked at.
std::optional<std::string_view> name_of(const Header& header, std::string_view record) {
    if (record.size() < kHeaderBytes + header.name_bytes) {
        return std::nullopt;
    }
    const std::string_view checked = header.checked.substr(0, kHeaderBytes - 8 + header.name_bytes);
    if (base::crc32c(checked) != header.crc) {
        return std::nullopt;
    }
    return record.substr(kHeaderBytes, header.name_bytes);
}

}  // namespace

RangeStore::RangeStore(io::FileSystem& files,
                       const io::Clock& clock,
                       base::Registry& metrics,
                       const Options& options)
    : files_(files),
      clock_(clock),
      options_(options),
      evicted_bytes_(metrics.counter("logi_cache_evicted_bytes_total",
                                     "Bytes of files that left the cache's folder to make room.")),
      damaged_files_(metrics.counter("logi_cache_damaged_files_total",
                                     "Files of the cache's folder that were removed as damaged.")),
      write_failures_(metrics.counter("logi_cache_write_failures_total",
                                      "Times that the cache's folder took nothing.")),
      bytes_gauge_(metrics.gauge("logi_cache_disk_bytes", "Bytes in the cache's folder.")) {}

StatusOr<std::unique_ptr<RangeStore>> RangeStore::open(io::FileSystem& files,
                                                       const io::Clock& clock,
                                                       base::Registry& metrics,
                                                       const Options& options) {
    Options bounded = options;
    bounded.bytes_max = std::max(bounded.bytes_max, 2 * kChunkBytesMax);
    bounded.file_bytes_max =
        std::min(bounded.file_bytes_max, std::max(bounded.bytes_max / 8, kChunkBytesMax / 2));
    auto store = absl::WrapUnique(new RangeStore(files, clock, metrics, bounded));
    LOGI_RETURN_IF_ERROR(store->load());
    return store;
}

RangeStore::~RangeStore() {
    end_file();
}

std::string RangeStore::path(std::uint64_t file) const {
    return absl::StrCat(options_.folder, "/", absl::StrFormat("%020d", file), kSuffix);
}

Status RangeStore::load() {
    LOGI_RETURN_IF_ERROR(files_.make_dirs(options_.folder));
    LOGI_ASSIGN_OR_RETURN(lock_, files_.lock(options_.folder + "/lock"));
    LOGI_ASSIGN_OR_RETURN(const auto names, files_.list(options_.folder));
    std::vector<std::uint64_t> numbers;
    for (const std::string& name : names) {
        std::uint64_t number = 0;
        if (absl::EndsWith(name, kSuffix) &&
            absl::SimpleAtoi(name.substr(0, name.size() - kSuffix.size()), &number) &&
            number < UINT64_MAX / 2 && path(number) == absl::StrCat(options_.folder, "/", name)) {
            numbers.push_back(number);
        }
    }
    std::sort(numbers.begin(), numbers.end());
    for (const std::uint64_t number : numbers) {
        {
            const base::MutexLock lock(mutex_);
            last_file_ = number;
        }
        if (!load_file(number)) {
            damaged_files_.add();
            drop_file(number);
        }
    }
    // Where the bound was lowered.
    while (true) {
        std::uint64_t oldest = 0;
        {
            const base::MutexLock lock(mutex_);
            bytes_gauge_.set(static_cast<double>(bytes_));
            if (bytes_ <= options_.bytes_max) {
                return absl::OkStatus();
            }
            oldest = known_files_.begin()->first;
        }
        drop_file(oldest);
    }
}

// By the index at its end, or record by record if the end is missing. False: nothing is in it.
bool RangeStore::load_file(std::uint64_t number) {
    const auto file = files_.open(path(number));
    if (!file.ok() || (*file)->size() == 0) {
        return false;
    }
    const std::uint64_t size = (*file)->size();
    const base::MutexLock lock(mutex_);
    known_files_[number].bytes = size;
    bytes_ += size;
    if (size > kTrailerBytes) {
        const auto trailer = (*file)->read(size - kTrailerBytes, kTrailerBytes);
        base::ByteReader r(trailer.ok() ? std::string_view(*trailer) : std::string_view());
        const std::uint64_t offset = r.u64();
        const std::uint32_t crc = r.u32();
        if (r.bytes(kIndexMagic.size()) == kIndexMagic && offset <= size - kTrailerBytes) {
            const auto index = (*file)->read(offset, size - kTrailerBytes - offset);
            if (index.ok() && base::crc32c(*index) == crc) {
                base::ByteReader entries(*index);
                while (entries.ok() && !entries.done()) {
                    const std::string_view name = entries.string();
                    const std::uint64_t chunk = entries.varint();
                    Place place{number, entries.varint(), 0, false};
                    place.length = entries.varint();
                    if (!entries.ok() || place.offset > offset ||
                        place.length > offset - place.offset) {
                        return false;
                    }
                    note(number, name, chunk, place);
                }
                return entries.ok();
            }
        }
    }
    std::uint64_t at = 0;
    while (at < size) {
        const auto head =
            (*file)->read(at, std::min<std::uint64_t>(kHeaderBytes + kNameBytesMax, size - at));
        const auto header = head.ok() ? parse_header(*head) : std::nullopt;
        const auto name = header ? name_of(*header, *head) : std::nullopt;
        if (!name || header->record_bytes() > size - at) {
            break;  // cut off when the process died
        }
        note(number, *name, header->number, {number, at, header->record_bytes(), false});
        at += header->record_bytes();
    }
    return at > 0;
}

void RangeStore::note(std::uint64_t file,
                      std::string_view name,
                      std::uint64_t number,
                      const Place& place) {
    const auto [id, is_new] = ids_.try_emplace(std::string(name), last_id_ + 1);
    if (is_new) {
        ++last_id_;
        objects_[id->second].name = std::string(name);
    }
    const Key key{id->second, number};
    const auto [it, added] = places_.try_emplace(key, place);
    it->second = place;  // a later record of the same is as good
    objects_[id->second].places += added ? 1 : 0;
    known_files_[file].keys.push_back(key);
}

RangeStore::Place* RangeStore::place_of(const std::string& name, std::uint64_t number) {
    const auto id = ids_.find(name);
    if (id == ids_.end()) {
        return nullptr;
    }
    const auto place = places_.find(Key{id->second, number});
    return place == places_.end() ? nullptr : &place->second;
}

bool RangeStore::has(const std::string& name, std::uint64_t number) {
    const base::MutexLock lock(mutex_);
    return place_of(name, number) != nullptr;
}

StatusOr<std::string> RangeStore::read_record(const Place& place,
                                              std::string_view name,
                                              std::uint64_t number) const {
    LOGI_ASSIGN_OR_RETURN(const auto file, files_.open(path(place.file)));
    LOGI_ASSIGN_OR_RETURN(std::string record, file->read(place.offset, place.length));
    const auto header = parse_header(record);
    if (!header || header->number != number || header->record_bytes() != record.size() ||
        name_of(*header, record) != name) {
        return absl::DataLossError("a record of the cache is damaged");
    }
    record.erase(0, kHeaderBytes + header->name_bytes);
    if (base::crc32c(record) != header->bytes_crc) {
        return absl::DataLossError("a record of the cache is damaged");
    }
    return record;
}

std::optional<std::string> RangeStore::find(const std::string& name, std::uint64_t number) {
    Place place;
    {
        const base::MutexLock lock(mutex_);
        Place* const known = place_of(name, number);
        if (known == nullptr) {
            return std::nullopt;
        }
        known->used = true;
        place = *known;
    }
    auto bytes = read_record(place, name, number);
    if (bytes.ok()) {
        return *std::move(bytes);
    }
    {
        const base::MutexLock lock(mutex_);
        if (!known_files_.contains(place.file)) {
            return std::nullopt;  // it had to go meanwhile
        }
    }
    base::log_warn("a damaged file of the cache is removed",
                   {{"file", path(place.file)}, {"error", std::string(bytes.status().message())}});
    damaged_files_.add();
    drop_file(place.file);
    return std::nullopt;
}

void RangeStore::forget(std::uint64_t file) {
    const auto it = known_files_.find(file);
    if (it == known_files_.end()) {
        return;
    }
    for (const Key& key : it->second.keys) {
        const auto place = places_.find(key);
        if (place == places_.end() || place->second.file != file) {
            continue;  // it was written once more
        }
        places_.erase(place);
        const auto object = objects_.find(key.object);
        if (--object->second.places == 0) {
            ids_.erase(object->second.name);
            objects_.erase(object);
        }
    }
    bytes_ -= it->second.bytes;
    bytes_gauge_.set(static_cast<double>(bytes_));
    known_files_.erase(it);
}

void RangeStore::drop_file(std::uint64_t file) {
    {
        const base::MutexLock lock(mutex_);
        forget(file);
    }
    files_.remove(path(file)).IgnoreError();  // it may be gone
}

std::vector<RangeStore::Record> RangeStore::used_of(std::uint64_t file) {
    std::vector<std::pair<Record, Place>> wanted;
    {
        const base::MutexLock lock(mutex_);
        std::uint64_t bytes = 0;
        for (const Key& key : known_files_[file].keys) {
            const auto place = places_.find(key);
            if (place == places_.end() || place->second.file != file || !place->second.used ||
                bytes + place->second.length > options_.file_bytes_max / 2) {
                continue;
            }
            bytes += place->second.length;
            wanted.push_back({{objects_[key.object].name, key.number, {}}, place->second});
        }
    }
    std::vector<Record> used;
    for (auto& [record, place] : wanted) {
        auto bytes = read_record(place, record.name, record.number);
        if (bytes.ok()) {
            record.bytes = *std::move(bytes);
            used.push_back(std::move(record));
        }
    }
    return used;
}

// What has to be written once more.
std::vector<RangeStore::Record> RangeStore::make_room() {
    std::vector<Record> again;
    while (true) {
        std::uint64_t oldest = 0;
        {
            const base::MutexLock lock(mutex_);
            if (known_files_.empty() || bytes_ + options_.file_bytes_max <= options_.bytes_max) {
                return again;
            }
            oldest = known_files_.begin()->first;
            evicted_bytes_.add(static_cast<double>(known_files_.begin()->second.bytes));
        }
        if (again.empty()) {
            again = used_of(oldest);
        }
        drop_file(oldest);
    }
}

Status RangeStore::begin_file() {
    std::vector<Record> again = make_room();
    {
        const base::MutexLock lock(mutex_);
        writing_.number = ++last_file_;
        known_files_[writing_.number] = {};
    }
    LOGI_ASSIGN_OR_RETURN(writing_.file, files_.create(path(writing_.number)));
    writing_.bytes = 0;
    writing_.index.clear();
    for (const Record& record : again) {
        LOGI_RETURN_IF_ERROR(append(record));
    }
    return absl::OkStatus();
}

// The index is for a quick start, so nothing is lost where it cannot be written.
void RangeStore::end_file() {
    if (writing_.file == nullptr) {
        return;
    }
    std::string trailer;
    base::ByteWriter w(trailer);
    w.u64(writing_.bytes);
    w.u32(base::crc32c(writing_.index));
    w.bytes(kIndexMagic);
    if (writing_.file->append({writing_.index, trailer}).ok()) {
        const base::MutexLock lock(mutex_);
        const std::uint64_t more = writing_.index.size() + trailer.size();
        if (const auto it = known_files_.find(writing_.number); it != known_files_.end()) {
            it->second.bytes += more;
            bytes_ += more;
        }
    }
    writing_ = {};
}

Status RangeStore::append(const Record& record) {
    const std::string header = header_of(record.name, record.number, record.bytes);
    const Place place{writing_.number, writing_.bytes, header.size() + record.bytes.size(), false};
    LOGI_RETURN_IF_ERROR(writing_.file->append({header, record.bytes}));
    writing_.bytes += place.length;
    base::ByteWriter w(writing_.index);
    w.string(record.name);
    w.varint(record.number);
    w.varint(place.offset);
    w.varint(place.length);
    const base::MutexLock lock(mutex_);
    const auto it = known_files_.find(writing_.number);
    if (it == known_files_.end()) {
        return absl::DataLossError("it was removed as damaged");
    }
    it->second.bytes += place.length;
    bytes_ += place.length;
    bytes_gauge_.set(static_cast<double>(bytes_));
    note(writing_.number, record.name, record.number, place);
    return absl::OkStatus();
}

void RangeStore::add(const std::string& name, std::uint64_t number, std::string_view bytes) {
    if (name.size() > kNameBytesMax || bytes.size() > kChunkBytesMax) {
        return;
    }
    std::vector<Record> records;
    {
        const base::MutexLock lock(mutex_);
        if (clock_.now() < paused_until_ || place_of(name, number) != nullptr ||
            waiting_bytes_ + bytes.size() > kWaitingBytesMax) {
            return;
        }
        waiting_.push_back({name, number, std::string(bytes)});
        waiting_bytes_ += bytes.size();
        if (busy_) {
            return;
        }
        busy_ = true;
        records = std::exchange(waiting_, {});
        waiting_bytes_ = 0;
    }
    while (!records.empty()) {
        write(std::move(records));
        const base::MutexLock lock(mutex_);
        records = std::exchange(waiting_, {});
        waiting_bytes_ = 0;
        busy_ = !records.empty();
    }
}

void RangeStore::write(std::vector<Record> records) {
    for (const Record& record : records) {
        {
            const base::MutexLock lock(mutex_);
            if (place_of(record.name, record.number) != nullptr) {
                continue;
            }
        }
        const std::uint64_t size = kHeaderBytes + record.name.size() + record.bytes.size();
        // Its entry in the index is smaller than its header.
        if (writing_.file != nullptr &&
            writing_.bytes + 2 * writing_.index.size() + size > options_.file_bytes_max) {
            end_file();
        }
        Status status;
        if (writing_.file == nullptr) {
            status = begin_file();
        }
        if (status.ok()) {
            status = append(record);
        }
        if (!status.ok()) {
            base::log_warn("the folder of the cache takes nothing, which is tried again later",
                           {{"folder", options_.folder}, {"error", std::string(status.message())}});
            write_failures_.add();
            const std::uint64_t file = writing_.number;
            writing_ = {};
            drop_file(file);
            const base::MutexLock lock(mutex_);
            paused_until_ = clock_.now() + kPauseAfterFailure;
            return;
        }
    }
}

std::uint64_t RangeStore::bytes() {
    const base::MutexLock lock(mutex_);
    return bytes_;
}

}  // namespace logi::bucket
