// What is left of a writer that seems to be dead: its journals are sealed, so that it acknowledges
// nothing more in them, written into segments, and removed. What is damaged of them is set aside.
#pragma once

#include "base/status.h"
#include "ingest/store.h"

#include <cstdint>
#include <string>

namespace logi::cluster {

// May be called by several processes at once, also while the writer lives: each entry is committed
// once. After an error it can be called again. `sealer` is told in the seal. Asks the bucket, so
// from a task. Returns how many objects had something that cannot be read: they are in the folder
// of what is damaged then. kUnimplemented, and nothing is removed, if a newer version wrote some.
StatusOr<std::uint64_t> take_over_journal(ingest::Store& store,
                                          std::uint64_t journal,
                                          const std::string& sealer);

}  // namespace logi::cluster
