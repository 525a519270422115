// How many lines streams have in a server, to compare two of them.
#pragma once

#include "cli/client.h"
#include "cli/time_range.h"
#include "model/labels.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace logi::cli {

// By the text of the labels of these names, or all together if there are none: of streams that the
// selector finds, lines of the range, which begins and ends with whole seconds. Errors as
// read_from_server(); kUnavailable also for an answer that is not complete.
using LineCounts = std::map<std::string, std::uint64_t>;
StatusOr<LineCounts> count_lines(const ClientArgs& server,
                                 const std::string& selector,
                                 const std::vector<std::string>& names,
                                 TimeRange range);

[[nodiscard]] std::uint64_t sum_of(const LineCounts& counts);

}  // namespace logi::cli
