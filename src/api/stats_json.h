// What a query has read, in the words that Loki's clients know.
#pragma once

#include "exec/scan.h"

#include <string>

namespace logi::api {

// The object `stats` of an answer with so many entries or series that took so long. Every figure is
// of Logi's own work, keys and their order are Loki's; what Logi does not have is 0.
[[nodiscard]] std::string stats_json(const exec::ScanStats& stats,
                                     std::size_t returned,
                                     double seconds);

}  // namespace logi::api
