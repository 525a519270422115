#include "ingest/tenant.h"

#include "ingest/entry_size.h"
#include "ingest/refusal_text.h"

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

}  // namespace

bool Tenant::take_rate(std::uint64_t bytes, double rate_mb, const Limits& limits, Timestamp now) {
    constexpr double kMebibyte = 1024.0 * 1024.0;
    const base::MutexLock lock(mutex_);
    return rate_.take(static_cast<double>(bytes),
                      rate_mb * kMebibyte,
                      limits.ingestion_burst_size_mb * kMebibyte,
                      now);
}

std::vector<Tenant::Refused> Tenant::admit(std::vector<AcceptedStream>& streams,
                                           const Limits& limits,
                                           Timestamp now) {
    std::vector<Refused> refused;
    const base::MutexLock lock(mutex_);
    for (AcceptedStream& stream : streams) {
        if (StreamState* state = activate(stream.id, limits); state == nullptr) {
            refused.push_back({refused.size() < kMessagesMax
                                   ? stream_limit_text(stream.labels, name_)
                                   : std::string(),
                               "stream_limit",
                               stream.kind,
                               stream.entries.size(),
                               bytes_of(stream)});
            stream.entries.clear();
        } else {
            state->last_entry = now;
            const bool described = refused.size() < kMessagesMax;
            if (auto over = take_stream_rate(state->rate, stream, limits, now, described)) {
                refused.push_back(*std::move(over));
            }
        }
    }
    std::erase_if(streams, [](const AcceptedStream& stream) { return stream.entries.empty(); });
    return refused;
}

// Null if the tenant has as many active streams as it may have.
Tenant::StreamState* Tenant::activate(const StreamId& id, const Limits& limits) {
    const auto it = active_.find(id);
    if (it != active_.end()) {
        return &it->second;
    }
    const std::int64_t most =
        least_limit(limits.max_global_streams_per_user, limits.max_streams_per_user);
    if (most > 0 && active_.size() >= static_cast<std::size_t>(most)) {
        return nullptr;
    }
    ++streams_created_;
    return &active_.try_emplace(id).first->second;
}

// Removes the entries that are over the stream's rate: all of them or none, or, where streams are
// not to be sharded, each by itself.
std::optional<Tenant::Refused> Tenant::take_stream_rate(TokenBucket& rate,
                                                        AcceptedStream& stream,
                                                        const Limits& limits,
                                                        Timestamp now,
                                                        bool described) const {
    const auto take = [&](std::uint64_t bytes) {
        return rate.take(static_cast<double>(bytes),
                         static_cast<double>(limits.per_stream_rate_limit),
                         static_cast<double>(limits.per_stream_rate_limit_burst),
                         now);
    };
    RateRefusals over(stream);
    std::uint64_t bytes_over = 0;
    if (const std::uint64_t all = bytes_of(stream); !limits.shard_streams_enabled) {
        std::erase_if(stream.entries, [&](const EntryView& entry) {
            const std::uint64_t bytes = entry_bytes(entry);
            if (take(bytes)) {
                return false;
            }
            over.add(entry.time, bytes);
            bytes_over += bytes;
            return true;
        });
    } else if (!take(all)) {
        for (const EntryView& entry : stream.entries) {
            over.add(entry.time, all);
        }
        bytes_over = all;
        stream.entries.clear();
    }
    if (over.count() == 0) {
        return std::nullopt;
    }
    return Refused{described
                       ? over.text(static_cast<std::uint64_t>(limits.per_stream_rate_limit), name_)
                       : std::string(),
                   "per_stream_rate_limit",
                   stream.kind,
                   over.count(),
                   bytes_over};
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
            // Whoever shares the bucket may have written this record into segments already.
            open_ = std::make_shared<head::Generation>(id.journal, std::min(from, id.position - 1));
            generations_.push_back(open_);
        }
        LOGI_CHECK(open_->journal() == id.journal);
        open = open_;
        open_last_ = id.position;
        for (const auto& stream : streams) {
            const auto [state, is_new] = active_.try_emplace(stream.id);
            state->second.last_entry = now;
            streams_created_ += is_new ? 1U : 0U;
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

Tenant::StreamCounts Tenant::stream_counts() const {
    const base::MutexLock lock(mutex_);
    return {active_.size(), streams_created_};
}

void Tenant::forget_idle_streams(Timestamp before) {
    const base::MutexLock lock(mutex_);
    absl::erase_if(active_, [&](const auto& item) { return item.second.last_entry < before; });
}

}  // namespace logi::ingest
