// Frames of live tails as JSON.
#pragma once

#include "tail/follower.h"

#include <string>
#include <vector>

namespace logi::api {

// {"streams":[…], each entry a stream of its own; what follows is of one follower.
[[nodiscard]] std::string tail_streams_json(const std::vector<query::LogRow>& rows,
                                            tail::Form form);
// The rest of the frame: ,"dropped_entries":[…],"encodingFlags":[…]}
[[nodiscard]] std::string tail_rest_json(const std::vector<tail::Lost>& lost,
                                         const std::vector<std::string>& encoding_flags,
                                         tail::Form form);

}  // namespace logi::api
