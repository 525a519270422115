// Loki's answers to queries and the frames of its live tails, as a client reads them.
#pragma once

#include "base/status.h"
#include "model/labels.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace logi::wire {

struct AnswerLine {
    std::int64_t ns = 0;
    std::string text;
    std::shared_ptr<const Labels> labels;  // never null
    // Apart from labels where the client asked for labels by category.
    std::vector<LabelPair> metadata = {};
};

// Of a metric query: times are seconds since 1970. An instant vector has one sample each.
struct AnswerSeries {
    Labels labels;
    std::vector<std::pair<double, double>> samples;
};

struct QueryAnswer {
    std::vector<std::string> warnings;
    bool is_streams = false;
    std::vector<AnswerLine> lines;     // of streams, in the order of the answer
    std::vector<double> values;        // of an instant vector, in the order of the answer
    std::vector<Labels> value_labels;  // of each of these
    std::vector<AnswerSeries> series;  // of a matrix
    std::string result;                // of anything but streams: data.result as JSON
    std::string stats;                 // data.stats as JSON; empty where there are none
};
// kInvalidArgument for what is no such answer.
StatusOr<QueryAnswer> parse_query_answer(std::string_view json);

// The streams that series are asked for. kInvalidArgument for what is no such answer.
StatusOr<std::vector<Labels>> parse_series_answer(std::string_view json);

// A line that a live tail has left out, as its reader was slow.
struct LostLine {
    std::string ns;
    Labels labels;
};

struct TailFrame {
    std::vector<AnswerLine> lines;
    std::vector<LostLine> lost;
};
// kInvalidArgument for what is no such frame.
StatusOr<TailFrame> parse_tail_frame(std::string_view json);

}  // namespace logi::wire
