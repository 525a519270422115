// Which journals there are in the bucket, and the seal that ends one. Calls ask the bucket, so they
// are made from tasks.
#pragma once

#include "base/time.h"
#include "bucket/bucket.h"
#include "journal/journal_object.h"

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace logi::journal {

// Of an object nothing is removed for so long after nothing more can follow it, also if its entries
// are in segments: who asks for what has come more often than that misses none.
inline constexpr Duration kKeptFor = Duration::seconds(10);

// Journals that may have entries which are in no segment yet, in the order of their ids.
StatusOr<std::vector<std::uint64_t>> registered_journals(bucket::Bucket& bucket);

// Who writes the journal. kNotFound if it is not registered.
StatusOr<std::string> writer_of(bucket::Bucket& bucket, std::uint64_t journal);
// What was registered and no longer is has all its entries in segments.
StatusOr<bool> is_registered(bucket::Bucket& bucket, std::uint64_t journal);

// What is at a journal's registry key: the writer, and what tells its journals apart.
[[nodiscard]] std::string registry_text(const std::string& writer, std::uint64_t nonce);

// Numbers of a journal's objects, sorted.
StatusOr<std::vector<std::uint64_t>> object_numbers(bucket::Bucket& bucket, std::uint64_t journal);

// An object of a journal. What seems to be damaged is read once more: the way from the bucket may
// be to blame. kNotFound; else as decode_object(), with the key.
StatusOr<JournalObject> read_object(bucket::Bucket& bucket,
                                    std::uint64_t journal,
                                    std::uint64_t number);

// Copies an object, as it is, to the folder of what is damaged: the journal can be removed then.
Status set_aside(bucket::Bucket& bucket, std::uint64_t journal, std::uint64_t number);
inline constexpr const char* kDamagedFolder = "damaged";

// Puts a seal at the journal's first free number, unless it has one. Afterwards its writer
// acknowledges nothing more there. Returns the seal's number. A journal whose objects are being
// removed has its seal, or a writer that is through with it. Behind an object that is damaged, and
// may be a seal, comes one more.
StatusOr<std::uint64_t> seal_journal(bucket::Bucket& bucket,
                                     std::uint64_t journal,
                                     const std::string& sealer);

// Removes the objects up to a number, oldest first, and then what registers the journal: all its
// entries are in segments, by snapshots that a listing has shown. A seal stays: what is one, or may
// be one, of the numbers up to the last is in `kept`.
Status remove_journal(bucket::Bucket& bucket,
                      std::uint64_t journal,
                      std::uint64_t last,
                      const std::set<std::uint64_t>& kept = {});

}  // namespace logi::journal
