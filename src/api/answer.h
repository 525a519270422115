// Query results as Loki's JSON.
#pragma once

#include "net/http.h"
#include "query/detected_fields.h"
#include "query/explain.h"
#include "query/label_stats.h"
#include "query/patterns.h"
#include "query/query.h"
#include "query/volume.h"

#include <string>
#include <string_view>
#include <vector>

namespace logi::api {

// `encoding_flags` are the client's, named in the answer; "categorize-labels" keeps the labels of
// entries apart by category. `warnings` say what is missing. kResourceExhausted if the text is more
// than the query has memory for; here and below, it is measured before it is made.
StatusOr<std::string> result_json(const query::Result& result,
                                  const std::vector<std::string>& warnings,
                                  const std::vector<std::string>& encoding_flags,
                                  double seconds);

// {"streams":[{"labels":"{…}","entries":[{"ts":…,"line":…}]}],"stats":{…}} of a log query, of the
// older API.
StatusOr<std::string> legacy_streams_json(const query::Result& result,
                                          const std::vector<std::string>& warnings,
                                          double seconds);

// […], and {"status":"success","data":{"plan":[…]}}: Logi's own, docs/logql.md says what is in it.
[[nodiscard]] std::string plan_list_json(const std::vector<query::ReadPlan>& plans);
[[nodiscard]] std::string plans_json(const std::vector<query::ReadPlan>& plans,
                                     const std::vector<std::string>& warnings);

// {"status":"success","data":[…]}; without data when empty, as Loki has it for labels. Here and
// below, warnings are in the answer only when there are any: Loki's has none.
StatusOr<std::string> names_json(const std::vector<std::string>& names,
                                 const std::vector<std::string>& warnings,
                                 std::int64_t bytes_max);
// {"values":[…]}, of the older API.
StatusOr<std::string> legacy_names_json(const std::vector<std::string>& names,
                                        const std::vector<std::string>& warnings,
                                        std::int64_t bytes_max);
StatusOr<std::string> series_json(const std::vector<Labels>& series,
                                  const std::vector<std::string>& warnings,
                                  std::int64_t bytes_max);
// {"detectedLabels":[{"label":…,"cardinality":…}]}; {} when empty.
[[nodiscard]] std::string detected_labels_json(const std::vector<query::LabelCardinality>& labels,
                                               const std::vector<std::string>& warnings);
// {"fields":[{"label":…,"type":…,"cardinality":…,"parsers":…,"jsonPath":…}],"limit":…}; {} when
// empty.
StatusOr<std::string> detected_fields_json(const std::vector<query::DetectedField>& fields,
                                           std::uint32_t limit,
                                           const std::vector<std::string>& warnings,
                                           std::int64_t bytes_max);
// {"values":[…],"limit":…}; {} when empty.
StatusOr<std::string> field_values_json(const std::vector<std::string>& values,
                                        std::uint32_t limit,
                                        const std::vector<std::string>& warnings,
                                        std::int64_t bytes_max);
// {"status":"success","data":[{"pattern":…,"level":…,"samples":[[seconds,lines],…]}]}
StatusOr<std::string> patterns_json(const query::Patterns& patterns, std::int64_t bytes_max);
// {"streams":…,"chunks":…,"bytes":…,"entries":…}
[[nodiscard]] std::string index_stats_json(const query::StreamSizes& sizes);
// As a query's result: a vector, or a matrix when a series has more than one point.
StatusOr<std::string> volume_json(const query::Volume& volume,
                                  double seconds,
                                  std::int64_t bytes_max);

// The body, or why there is none.
[[nodiscard]] net::HttpResponse json_response(StatusOr<std::string> body);
// The same of what was read: a header says whether something is missing.
[[nodiscard]] net::HttpResponse read_response(StatusOr<std::string> body,
                                              const std::vector<std::string>& missing);

inline constexpr const char* kEndBeforeStart =
    "end timestamp must not be before or equal to start time";

// A plain-text error.
[[nodiscard]] net::HttpResponse error_response(int status, const std::string& message);
// With the status that the error's code has in Loki.
[[nodiscard]] net::HttpResponse error_response(const Status& status);

// The same as requests to delete and changes of rules are refused: a line, and kNotFound is 404.
[[nodiscard]] net::HttpResponse refuse(int status, std::string_view why);
[[nodiscard]] net::HttpResponse refuse(const Status& status);

}  // namespace logi::api
