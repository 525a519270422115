// The labels of a pushed stream: read, completed with the name of its service, checked.
#pragma once

#include "base/status.h"
#include "model/labels.h"
#include "model/limits.h"
#include "wire/push.h"

#include <optional>
#include <string>
#include <vector>

namespace logi::ingest {

// Sorted by name, without empty values. Equal names stand beside each other; in JSON the last of
// them wins. kInvalidArgument with Loki's text for labels that cannot be read.
StatusOr<std::vector<LabelPair>> read_labels(const wire::PushStream& stream);

// Adds service_name where the stream has none and the tenant wants it discovered.
void add_service_name(std::vector<LabelPair>& pairs, const Limits& limits);

struct LabelFault {
    const char* reason;  // as the metric has it
    std::string message;
};
// Why a stream is refused, if it is; `text` are its labels as messages have them.
[[nodiscard]] std::optional<LabelFault> check_labels(const std::vector<LabelPair>& pairs,
                                                     const std::string& text,
                                                     const Limits& limits);

}  // namespace logi::ingest
