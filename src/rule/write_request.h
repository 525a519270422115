// Recorded samples as bytes: for the queue, and for Prometheus' remote write, version 1.
#pragma once

#include "base/status.h"
#include "rule/recording.h"

#include <string>
#include <vector>

namespace logi::rule {

[[nodiscard]] std::string encode_samples(const std::vector<RecordedSample>& samples);
// kDataLoss for what is none.
StatusOr<std::vector<RecordedSample>> decode_samples(const std::string& object);

// A WriteRequest, compressed by snappy.
[[nodiscard]] std::string write_request(const std::vector<RecordedSample>& samples);

}  // namespace logi::rule
