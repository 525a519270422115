// The object store: whole objects under keys, and one primitive of agreement, put_if_absent.
//
// Keys are parts joined by '/', each of [A-Za-z0-9._%=-]. Calls block and are made from tasks; all
// are safe from any thread. Errors: kNotFound, kAlreadyExists, kUnavailable (outcome unknown: for a
// conditional put, read back and compare), kDataLoss (a range past the end).
#pragma once

#include "base/status.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace logi::bucket {

struct ObjectInfo {
    std::string key;
    std::uint64_t size = 0;
};

class Bucket {
  public:
    virtual ~Bucket() = default;
    // Replaces the object; durable when OK.
    virtual Status put(const std::string& key, std::string_view data) = 0;
    // kAlreadyExists if there is one, which is then durably there. Of racing calls one wins.
    virtual Status put_if_absent(const std::string& key, std::string_view data) = 0;
    virtual StatusOr<std::string> get(const std::string& key) = 0;
    virtual StatusOr<std::string> get_range(const std::string& key,
                                            std::uint64_t offset,
                                            std::uint64_t length) = 0;
    virtual StatusOr<std::uint64_t> size(const std::string& key) = 0;
    // Every object below the folder `prefix` (no '/' at its end), sorted by key; empty if none.
    virtual StatusOr<std::vector<ObjectInfo>> list(const std::string& prefix) = 0;
    // Names of the folders right below `prefix`, sorted.
    virtual StatusOr<std::vector<std::string>> list_folders(const std::string& prefix) = 0;
    // kNotFound if there was none, where the store tells.
    virtual Status remove(const std::string& key) = 0;
};

// Any bytes as one key part, and back: all but [A-Za-z0-9!-_.*'()], and a '.' at the beginning,
// becomes %XX. Different inputs give different parts.
[[nodiscard]] std::string escape_key_part(std::string_view text);
StatusOr<std::string> unescape_key_part(std::string_view part);

}  // namespace logi::bucket
