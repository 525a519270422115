// Which labels make many streams: logcli series --analyze-labels.
#pragma once

#include "model/labels.h"

#include <string>
#include <vector>

namespace logi::cli {

// The number of streams and of labels, and for each label how many values it has and how many
// streams have it, the most values first.
[[nodiscard]] std::string series_table(const std::vector<Labels>& series);

}  // namespace logi::cli
