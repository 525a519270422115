// What is left of a writer that seems to be dead: its journals are sealed, so that it acknowledges
// nothing more in them, written into segments, and removed once nobody follows them any more. What
// is damaged of them is set aside.
#pragma once

#include "base/status.h"
#include "ingest/store.h"

#include <cstdint>
#include <set>
#include <string>

namespace logi::cluster {

// A journal that is sealed and in segments.
struct TakenOver {
    std::uint64_t journal = 0;
    std::uint64_t seal = 0;        // its number
    std::set<std::uint64_t> kept;  // of the objects before it: seals, and what may be one
    // How many objects had something that cannot be read: they are in the folder of what is
    // damaged.
    std::uint64_t damaged = 0;
};

// May be called by several processes at once, also while the writer lives: each entry is committed
// once. After an error it can be called again. `sealer` is told in the seal. Asks the bucket, so
// from a task. kUnimplemented if a newer version wrote some.
StatusOr<TakenOver> take_over_journal(ingest::Store& store,
                                      std::uint64_t journal,
                                      const std::string& sealer);

// At least journal::kKeptFor later. May be called by several at once, and again.
Status remove_taken_over(bucket::Bucket& bucket, const TakenOver& taken);

}  // namespace logi::cluster
