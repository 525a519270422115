#include "ingest/tenant.h"

#include "absl/strings/str_cat.h"
#include "ingest/entry_size.h"

namespace logi::ingest {
namespace {

std::uint64_t bytes_of(const AcceptedStream& stream) {
    std::uint64_t bytes = 0;
    for (const auto& entry : stream.entries) {
        bytes += entry_bytes(entry);
    }
    return bytes;
}

// Of a push's refused streams so many are described.
constexpr std::size_t kMessagesMax = 100;

// 3MB, 1KB, 10B: 1024-based, as Loki prints these limits.
std::string compact_size(std::uint64_t bytes) {
    constexpr std::uint64_t kKilo = 1024;
    constexpr std::uint64_t kMega = kKilo * 1024;
    if (bytes >= kMega && bytes % kMega == 0) {
        return absl::StrCat(bytes / kMega, "MB");
    }
    if (bytes >= kKilo && bytes % kKilo == 0) {
        return absl::StrCat(bytes / kKilo, "KB");
    }
    return absl::StrCat(bytes, "B");
}

}  // namespace

bool Tenant::take_rate(std::uint64_t bytes, const Limits& limits, Timestamp now) {
    constexpr double kMebibyte = 1024.0 * 1024.0;
    const base::MutexLock lock(mutex_);
    return rate_.take(static_cast<double>(bytes),
                      limits.ingestion_rate_mb * kMebibyte,
                      limits.ingestion_burst_size_mb * kMebibyte,
                      now);
}

std::vector<Tenant::Refused> Tenant::admit(std::vector<AcceptedStream>& streams,
                                           const Limits& limits,
                                           Timestamp now) {
    std::vector<Refused> refused;
    const auto refuse = [&refused](const char* reason,
                                   const AcceptedStream& stream,
                                   std::uint64_t bytes,
                                   const auto& message) {
        refused.push_back({refused.size() < kMessagesMax ? message() : std::string(),
                           reason,
                           stream.entries.size(),
                           bytes});
    };
    const base::MutexLock lock(mutex_);
    std::erase_if(streams, [&](const AcceptedStream& stream) LOGI_REQUIRES(mutex_) {
        const std::uint64_t bytes = bytes_of(stream);
        auto it = active_.find(stream.id);
        if (it == active_.end()) {
            const std::int64_t most =
                least_limit(limits.max_global_streams_per_user, limits.max_streams_per_user);
            if (most > 0 && active_.size() >= static_cast<std::size_t>(most)) {
                refuse("stream_limit", stream, bytes, [&] {
                    return absl::StrCat(
                        "maximum active stream limit exceeded when trying to create stream ",
                        stream.labels.to_string(),
                        ", reduce the number of active streams (reduce labels or reduce "
                        "label values), or contact your Loki administrator to see if the "
                        "limit can be increased, user: '",
                        name_,
                        "'");
                });
                return true;
            }
            it = active_.try_emplace(stream.id).first;
        }
        it->second.last_entry = now;
        if (!it->second.rate.take(static_cast<double>(bytes),
                                  static_cast<double>(limits.per_stream_rate_limit),
                                  static_cast<double>(limits.per_stream_rate_limit_burst),
                                  now)) {
            refuse("per_stream_rate_limit", stream, bytes, [&] {
                return absl::StrCat(
                    "Per stream rate limit exceeded (limit: ",
                    compact_size(static_cast<std::uint64_t>(limits.per_stream_rate_limit)),
                    "/sec) while attempting to ingest for stream '",
                    stream.labels.to_string(),
                    "' totaling ",
                    compact_size(bytes),
                    ", consider splitting a stream via additional labels or contact your "
                    "Loki administrator to see if the limit can be increased");
            });
            return true;
        }
        return false;
    });
    return refused;
}

std::uint64_t Tenant::apply(const std::vector<AcceptedStream>& streams,
                            journal::RecordId id,
                            const std::shared_ptr<const std::string>& record,
                            Timestamp now) {
    std::shared_ptr<head::Generation> open;
    {
        const base::MutexLock lock(mutex_);
        if (open_ == nullptr) {
            const auto it = sealed_to_.find(id.journal);
            const std::uint64_t from =
                it == sealed_to_.end() ? catalog_->snapshot()->position(id.journal) : it->second;
            open_ = std::make_shared<head::Generation>(id.journal, from);
            generations_.push_back(open_);
        }
        LOGI_CHECK(open_->journal() == id.journal);
        open = open_;
        open_last_ = id.position;
        for (const auto& stream : streams) {
            active_[stream.id].last_entry = now;
        }
    }
    const std::uint64_t before = open->memory_bytes();
    std::uint32_t index = 0;
    for (const auto& stream : streams) {
        open->append(stream.labels, stream.id, stream.entries, id.position, index, record);
        index += static_cast<std::uint32_t>(stream.entries.size());
    }
    return open->memory_bytes() - before;
}

std::shared_ptr<head::Generation> Tenant::seal(std::uint64_t journal, std::uint64_t to) {
    const base::MutexLock lock(mutex_);
    if (open_ == nullptr || open_->journal() != journal) {
        return nullptr;
    }
    open_->seal(to);
    sealed_to_.clear();  // earlier journals take no more records
    sealed_to_[journal] = to;
    return std::exchange(open_, nullptr);
}

std::shared_ptr<head::Generation> Tenant::seal_at_delete(journal::RecordId next) {
    std::uint64_t cut = 0;
    const auto snapshot = catalog_->snapshot();
    for (const auto& request : snapshot->deletes) {
        const auto it = request.arrived.find(next.journal);
        if (request.pending() && it != request.arrived.end() && it->second < next.position) {
            cut = std::max(cut, it->second);
        }
    }
    {
        const base::MutexLock lock(mutex_);
        if (open_ == nullptr || open_->journal() != next.journal || cut < open_last_) {
            return nullptr;
        }
    }
    return seal(next.journal, cut);
}

std::uint64_t Tenant::drop(const std::shared_ptr<head::Generation>& generation) {
    const base::MutexLock lock(mutex_);
    std::erase(generations_, generation);
    return generation->memory_bytes();
}

std::vector<std::shared_ptr<head::Generation>> Tenant::generations() const {
    const base::MutexLock lock(mutex_);
    return {generations_.begin(), generations_.end()};
}

void Tenant::forget_idle_streams(Timestamp before) {
    const base::MutexLock lock(mutex_);
    absl::erase_if(active_, [&](const auto& item) { return item.second.last_entry < before; });
}

}  // namespace logi::ingest
