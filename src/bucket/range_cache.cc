#include "bucket/range_cache.h"

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "io/latch.h"

#include <algorithm>
#include <utility>

namespace logi::bucket {
namespace {

base::Counter cache_reads(base::Registry& metrics, const std::string& from) {
    return metrics.counter("logi_cache_reads_total",
                           "Chunks of segments, by where they were found.",
                           {{"from", from}});
}

base::Counter cache_read_bytes(base::Registry& metrics, const std::string& from) {
    return metrics.counter("logi_cache_read_bytes_total",
                           "Bytes of chunks of segments, by where they were found.",
                           {{"from", from}});
}

}  // namespace

// Chunks that one thread gets, and others may wait for.
struct RangeCache::Run {
    Span span;
    bool begun = false;  // guarded by the cache's mutex
    bool ahead = false;  // nobody has asked for it
    io::Latch done;
    // Then:
    Status status;
    std::vector<Bytes> chunks;
};

RangeCache::RangeCache(Bucket& bucket,
                       std::unique_ptr<RangeStore> store,
                       std::unique_ptr<io::Executor> ahead,
                       base::Registry& metrics,
                       Options options)
    : bucket_(bucket),
      store_(std::move(store)),
      options_(std::move(options)),
      memory_reads_(cache_reads(metrics, "memory")),
      disk_reads_(cache_reads(metrics, "disk")),
      bucket_reads_(cache_reads(metrics, "bucket")),
      memory_bytes_read_(cache_read_bytes(metrics, "memory")),
      disk_bytes_read_(cache_read_bytes(metrics, "disk")),
      bucket_bytes_read_(cache_read_bytes(metrics, "bucket")),
      ahead_bytes_read_(metrics.counter("logi_cache_ahead_bytes_total",
                                        "Bytes of segments that were read from the bucket before "
                                        "they were asked for.")),
      bytes_gauge_(metrics.gauge("logi_cache_memory_bytes", "Bytes of segments in memory.")),
      ahead_(std::move(ahead)) {}

RangeCache::~RangeCache() {
    ending_ = true;
    ahead_.reset();
}

std::shared_ptr<const RangeCache::Object> RangeCache::object(const std::string& key,
                                                             std::uint64_t size) {
    return std::make_shared<const Object>(
        Object{key,
               absl::StrCat(options_.bucket_name, "\n", key, "\n", size),
               size,
               last_object_.fetch_add(1) + 1});
}

RangeCache::Span RangeCache::chunks_of(const Object& object, ByteRange range) {
    const std::uint64_t end = std::min(object.size, range.offset + range.length);
    return {range.offset / kChunkBytes, (std::max<std::uint64_t>(end, 1) - 1) / kChunkBytes};
}

bool RangeCache::is_new(const Object& object, std::uint64_t number) {
    return !chunks_.contains(Key{object.number, number});
}

std::shared_ptr<RangeCache::Run> RangeCache::begin(const Object& object, Span chunks) {
    auto run = std::make_shared<Run>();
    run->span = chunks;
    for (std::uint64_t n = chunks.first; n <= chunks.last; ++n) {
        chunks_[Key{object.number, n}] = {nullptr, run, recent_.end()};
    }
    return run;
}

StatusOr<std::string> RangeCache::read(const Object& object, ByteRange wanted, ByteRange around) {
    if (wanted.length == 0) {
        return std::string();
    }
    if (wanted.offset > object.size || wanted.length > object.size - wanted.offset) {
        return absl::DataLossError(
            absl::StrCat(object.key, " is shorter than ", wanted.offset + wanted.length));
    }
    const Span span = chunks_of(object, wanted);
    Span wide = span;
    if (around.length > 0 && around.offset <= object.size) {
        const Span near = chunks_of(object, around);
        wide = {std::min(span.first, near.first), std::max(span.last, near.last)};
    }
    std::string bytes;
    bytes.reserve(wanted.length);
    for (std::uint64_t n = span.first; n <= span.last; ++n) {
        LOGI_ASSIGN_OR_RETURN(const Bytes chunk, this->chunk(object, n, {n, span.last}, wide));
        const std::uint64_t begin = n * kChunkBytes;
        const std::uint64_t from = std::max(wanted.offset, begin) - begin;
        const std::uint64_t to =
            std::min(wanted.offset + wanted.length - begin, std::uint64_t{chunk->size()});
        bytes.append(*chunk, from, to - from);
    }
    return bytes;
}

StatusOr<RangeCache::Bytes> RangeCache::chunk(const Object& object,
                                              std::uint64_t number,
                                              Span wanted,
                                              Span around) {
    // On the local disk nothing is gained by reading more than was asked for.
    const bool near = store_ != nullptr && store_->has(object.name, number);
    while (true) {
        std::shared_ptr<Run> run;
        bool mine = false;
        {
            const base::MutexLock lock(mutex_);
            const auto it = chunks_.find(Key{object.number, number});
            if (it != chunks_.end() && it->second.bytes != nullptr) {
                recent_.splice(recent_.begin(), recent_, it->second.place);
                memory_reads_.add();
                memory_bytes_read_.add(static_cast<double>(it->second.bytes->size()));
                return it->second.bytes;
            }
            if (it != chunks_.end()) {
                run = it->second.run;
                mine = !run->begun;
            } else {
                Span span{number, number};
                const Span most = near ? wanted : around;
                while (span.last < most.last && span.last - span.first + 1 < kRunChunks &&
                       is_new(object, span.last + 1)) {
                    ++span.last;
                }
                while (span.first > most.first && span.last - span.first + 1 < kRunChunks &&
                       is_new(object, span.first - 1)) {
                    --span.first;
                }
                run = begin(object, span);
                mine = true;
            }
            run->begun = run->begun || mine;
        }
        if (mine) {
            load(object, *run);
        } else {
            run->done.wait();
        }
        if (run->status.ok()) {
            return run->chunks[number - run->span.first];
        }
        if (mine) {
            return run->status;
        }
        // Another's run may have failed by what is not wanted here.
    }
}

void RangeCache::load(const Object& object, Run& run) {
    run.chunks.resize(run.span.last - run.span.first + 1);
    run.status = fill(object, run.span, run.chunks);
    if (run.ahead) {
        for (const Bytes& bytes : run.chunks) {
            ahead_bytes_read_.add(bytes == nullptr ? 0 : static_cast<double>(bytes->size()));
        }
    }
    publish(object, run);
    // Nobody waits for the disk.
    for (std::uint64_t n = run.span.first; store_ != nullptr && n <= run.span.last; ++n) {
        if (run.status.ok()) {
            store_->add(object.name, n, *run.chunks[n - run.span.first]);
        }
    }
}

// From the disk what is there, and the rest in as few requests as that leaves.
Status RangeCache::fill(const Object& object, const Span& span, std::vector<Bytes>& chunks) {
    if (store_ != nullptr) {
        for (std::uint64_t n = span.first; n <= span.last; ++n) {
            const std::uint64_t size = std::min(kChunkBytes, object.size - n * kChunkBytes);
            auto found = store_->find(object.name, n);
            if (found.has_value() && found->size() == size) {
                disk_reads_.add();
                disk_bytes_read_.add(static_cast<double>(size));
                chunks[n - span.first] = std::make_shared<const std::string>(*std::move(found));
            }
        }
    }
    for (std::uint64_t n = span.first; n <= span.last;) {
        if (chunks[n - span.first] != nullptr) {
            ++n;
            continue;
        }
        Span missing{n, n};
        while (missing.last < span.last && chunks[missing.last + 1 - span.first] == nullptr) {
            ++missing.last;
        }
        std::vector<Bytes> fetched;
        LOGI_RETURN_IF_ERROR(fetch(object, missing, fetched));
        std::move(fetched.begin(),
                  fetched.end(),
                  chunks.begin() + static_cast<std::ptrdiff_t>(n - span.first));
        n = missing.last + 1;
    }
    return absl::OkStatus();
}

Status RangeCache::fetch(const Object& object, Span span, std::vector<Bytes>& chunks) {
    const std::uint64_t offset = span.first * kChunkBytes;
    const std::uint64_t end = std::min(object.size, (span.last + 1) * kChunkBytes);
    LOGI_ASSIGN_OR_RETURN(const std::string bytes,
                          bucket_.get_range(object.key, offset, end - offset));
    if (bytes.size() != end - offset) {
        return absl::UnavailableError(
            absl::StrCat(object.key, ": fewer bytes came than asked for"));
    }
    for (std::uint64_t at = 0; at < bytes.size(); at += kChunkBytes) {
        chunks.push_back(std::make_shared<const std::string>(bytes.substr(at, kChunkBytes)));
        bucket_reads_.add();
        bucket_bytes_read_.add(static_cast<double>(chunks.back()->size()));
    }
    return absl::OkStatus();
}

void RangeCache::publish(const Object& object, Run& run) {
    {
        const base::MutexLock lock(mutex_);
        for (std::uint64_t n = run.span.first; n <= run.span.last; ++n) {
            const Key key{object.number, n};
            if (!run.status.ok()) {
                chunks_.erase(key);
                continue;
            }
            recent_.push_front(key);
            const Bytes& bytes = run.chunks[n - run.span.first];
            chunks_[key] = {bytes, nullptr, recent_.begin()};
            bytes_ += bytes->size();
        }
        if (run.ahead) {
            ahead_bytes_ -= (run.span.last - run.span.first + 1) * kChunkBytes;
        }
        shrink();
    }
    run.done.open();
}

void RangeCache::shrink() {
    while (bytes_ > options_.memory_bytes_max && !recent_.empty()) {
        const auto it = chunks_.find(recent_.back());
        LOGI_CHECK(it != chunks_.end());
        bytes_ -= it->second.bytes->size();
        chunks_.erase(it);
        recent_.pop_back();
    }
    bytes_gauge_.set(static_cast<double>(bytes_));
}

void RangeCache::read_ahead(const std::shared_ptr<const Object>& object, ByteRange range) {
    if (ahead_ == nullptr || range.length == 0 || range.offset >= object->size) {
        return;
    }
    const Span all = chunks_of(*object, range);
    for (std::uint64_t n = all.first; n <= all.last;) {
        if (store_ != nullptr && store_->has(object->name, n)) {
            ++n;
            continue;
        }
        Span span{n, n};
        while (span.last < all.last && span.last - span.first + 1 < kRunChunks &&
               (store_ == nullptr || !store_->has(object->name, span.last + 1))) {
            ++span.last;
        }
        n = span.last + 1;
        std::shared_ptr<Run> run;
        {
            const base::MutexLock lock(mutex_);
            while (span.first <= span.last && !is_new(*object, span.first)) {
                ++span.first;
            }
            std::uint64_t last = span.first;
            while (last < span.last && is_new(*object, last + 1)) {
                ++last;
            }
            if (span.first > span.last) {
                continue;
            }
            span.last = last;
            n = last + 1;
            const std::uint64_t bytes = (span.last - span.first + 1) * kChunkBytes;
            if (ahead_bytes_ + bytes > options_.ahead_bytes_max) {
                return;
            }
            ahead_bytes_ += bytes;
            run = begin(*object, span);
            run->ahead = true;
        }
        ahead_->post_long([this, object, run] {
            {
                const base::MutexLock lock(mutex_);
                if (run->begun) {
                    return;
                }
                run->begun = true;
            }
            if (ending_) {
                run->chunks.resize(run->span.last - run->span.first + 1);
                run->status = absl::CancelledError("the process ends");
                publish(*object, *run);
                return;
            }
            load(*object, *run);
        });
    }
}

}  // namespace logi::bucket
