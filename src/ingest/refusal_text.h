// What a client is told of entries that its tenant's limits leave no room for.
#pragma once

#include "base/time.h"
#include "ingest/validate.h"

#include <cstdint>
#include <string>
#include <vector>

namespace logi::ingest {

// 3MB, 1536KB, 10B: the greatest unit of 1024 of which it is a whole number, as Loki prints limits.
[[nodiscard]] std::string compact_size(std::uint64_t bytes);

[[nodiscard]] std::string stream_limit_text(const Labels& stream, const std::string& tenant);

// Entries of one stream that were over its rate.
class RateRefusals {
  public:
    explicit RateRefusals(const AcceptedStream& stream)
        : stream_(stream), entries_of_push_(stream.entries.size()) {}

    // `bytes` of the entry, or of all that were refused with it.
    void add(Timestamp time, std::uint64_t bytes);
    [[nodiscard]] std::uint64_t count() const { return count_; }
    // A line for each of the first ten, and how many there are of how many in the push.
    [[nodiscard]] std::string text(std::uint64_t limit_bytes_per_second,
                                   const std::string& tenant) const;

  private:
    struct Entry {
        Timestamp time;
        std::uint64_t bytes;
    };
    const AcceptedStream& stream_;
    const std::size_t entries_of_push_;
    std::vector<Entry> shown_;
    std::uint64_t count_ = 0;
};

}  // namespace logi::ingest
