#include "wire/answers.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

#include <simdjson.h>

namespace logi::wire {
namespace {

namespace dom = simdjson::dom;

std::string text_of(const dom::element& element) {
    return std::string(element.get_string().value());
}

std::int64_t ns_of(const dom::element& element) {
    std::int64_t ns = 0;
    if (!absl::SimpleAtoi(text_of(element), &ns)) {
        throw simdjson::simdjson_error(simdjson::NUMBER_ERROR);
    }
    return ns;
}

std::vector<LabelPair> pairs_of(const dom::object& object) {
    std::vector<LabelPair> pairs;
    for (const auto field : object) {
        pairs.push_back({std::string(field.key), text_of(field.value)});
    }
    return pairs;
}

Labels labels_of(const dom::object& object) {
    return Labels::of_result(pairs_of(object));
}

std::vector<AnswerLine> lines_of(const dom::array& streams) {
    std::vector<AnswerLine> lines;
    for (const auto stream : streams) {
        const auto labels = std::make_shared<const Labels>(labels_of(stream["stream"]));
        for (const auto value : stream["values"].get_array()) {
            lines.push_back({ns_of(value.at(0)), text_of(value.at(1)), labels});
            dom::object metadata;
            if (value.at(2).at_key("structuredMetadata").get(metadata) == simdjson::SUCCESS) {
                lines.back().metadata = pairs_of(metadata);
            }
        }
    }
    return lines;
}

double number_of(const dom::element& text) {
    double value = 0;
    if (!absl::SimpleAtod(text_of(text), &value)) {
        throw simdjson::simdjson_error(simdjson::NUMBER_ERROR);
    }
    return value;
}

std::vector<double> values_of(const dom::array& samples) {
    std::vector<double> values;
    for (const auto sample : samples) {
        values.push_back(number_of(sample["value"].at(1)));
    }
    return values;
}

std::vector<AnswerSeries> series_of(const dom::array& matrix) {
    std::vector<AnswerSeries> all;
    for (const auto element : matrix) {
        AnswerSeries series{labels_of(element["metric"]), {}};
        for (const auto sample : element["values"].get_array()) {
            series.samples.emplace_back(sample.at(0).get_double().value(), number_of(sample.at(1)));
        }
        all.push_back(std::move(series));
    }
    return all;
}

// What `read` makes of the document.
template <typename T, typename Read>
StatusOr<T> parse(std::string_view json, Read read) {
    try {
        dom::parser parser;
        T out;
        read(parser.parse(json.data(), json.size()).value(), out);
        return out;
    } catch (const simdjson::simdjson_error& e) {
        return absl::InvalidArgumentError(absl::StrCat("not Loki's JSON: ", e.what()));
    }
}

}  // namespace

StatusOr<QueryAnswer> parse_query_answer(std::string_view json) {
    return parse<QueryAnswer>(json, [](const dom::element& root, QueryAnswer& answer) {
        dom::array warnings;
        if (root["warnings"].get(warnings) == simdjson::SUCCESS) {
            for (const auto warning : warnings) {
                answer.warnings.push_back(text_of(warning));
            }
        }
        const dom::element data = root["data"];
        const std::string type = text_of(data["resultType"]);
        if (dom::element stats; data["stats"].get(stats) == simdjson::SUCCESS) {
            answer.stats = simdjson::to_string(stats);
        }
        answer.is_streams = type == "streams";
        if (answer.is_streams) {
            answer.lines = lines_of(data["result"]);
            return;
        }
        answer.result = simdjson::to_string(data["result"].value());
        if (type == "vector") {
            answer.values = values_of(data["result"]);
            for (const auto sample : data["result"].get_array()) {
                answer.value_labels.push_back(labels_of(sample["metric"]));
            }
        } else if (type == "matrix") {
            answer.series = series_of(data["result"]);
        }
    });
}

StatusOr<std::vector<Labels>> parse_series_answer(std::string_view json) {
    return parse<std::vector<Labels>>(json, [](const dom::element& root, auto& series) {
        for (const auto element : root["data"].get_array()) {
            series.push_back(labels_of(element));
        }
    });
}

StatusOr<TailFrame> parse_tail_frame(std::string_view json) {
    return parse<TailFrame>(json, [](const dom::element& root, TailFrame& frame) {
        dom::array streams;
        if (root["streams"].get(streams) == simdjson::SUCCESS) {  // null, when there are none
            frame.lines = lines_of(streams);
        }
        dom::array lost;
        if (root["dropped_entries"].get(lost) == simdjson::SUCCESS) {
            for (const auto entry : lost) {
                frame.lost.push_back({text_of(entry["timestamp"]), labels_of(entry["labels"])});
            }
        }
    });
}

}  // namespace logi::wire
