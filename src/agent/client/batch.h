// Entries on their way to one server, as the body of a push request.
#pragma once

#include "absl/container/flat_hash_map.h"
#include "agent/client/progress.h"
#include "agent/pipeline/entry.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace logi::agent {

// The bytes of an entry that batch sizes count.
[[nodiscard]] std::size_t entry_bytes(const Entry& entry);

class Batch {
  public:
    Batch(std::uint64_t id, std::string tenant) : id_(id), tenant_(std::move(tenant)) {}

    [[nodiscard]] std::uint64_t id() const { return id_; }
    [[nodiscard]] const std::string& tenant() const { return tenant_; }
    [[nodiscard]] std::size_t bytes() const { return bytes_; }
    [[nodiscard]] std::size_t entries() const { return entries_; }
    // As it is encoded so far.
    [[nodiscard]] std::size_t memory_bytes() const { return memory_bytes_; }

    // `key` tells streams apart; labels_of() gives their text as the server gets it, once for each.
    template <typename LabelsOf>
    void add(const Entry& entry, std::string_view key, LabelsOf labels_of) {
        auto at = streams_.find(absl::string_view(key.data(), key.size()));
        if (at == streams_.end()) {
            at = streams_.emplace(std::string(key), Stream{labels_of(), {}}).first;
        }
        append(entry, at->second.entries);
    }
    // Tells `progress` when the batch has arrived, once for each of its runs.
    void hold(const std::shared_ptr<Progress>& progress, std::uint64_t run);
    void release_all();

    // A PushRequest in protobuf, compressed with snappy.
    [[nodiscard]] std::string body() const;

  private:
    struct Stream {
        std::string labels;
        std::string entries;
    };
    struct Hold {
        std::shared_ptr<Progress> progress;
        std::uint64_t run = 0;
    };
    void append(const Entry& entry, std::string& out);

    std::uint64_t id_;
    std::string tenant_;
    absl::flat_hash_map<std::string, Stream> streams_;
    std::vector<Hold> holds_;
    std::size_t bytes_ = 0;
    std::size_t memory_bytes_ = 0;
    std::size_t entries_ = 0;
};

}  // namespace logi::agent
