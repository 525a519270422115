// Which labels of a target its entries have.
#pragma once

#include "model/labels.h"

#include <vector>

namespace logi::agent {

// Those that go on with entries: not those that are for the agent itself, but that of the tenant.
[[nodiscard]] std::vector<LabelPair> sent_labels(std::vector<LabelPair> labels);

}  // namespace logi::agent
