// Query results as Loki's JSON.
#pragma once

#include "net/http.h"
#include "query/query.h"

#include <string>
#include <vector>

namespace logi::api {

// `categorize`: the client asked for labels by category. `warnings` say what is missing.
[[nodiscard]] std::string result_json(const query::Result& result,
                                      const std::vector<std::string>& warnings,
                                      bool categorize,
                                      double seconds);

// {"status":"success","data":[…]}; without data when empty, as Loki has it for labels.
[[nodiscard]] std::string names_json(const std::vector<std::string>& names);
[[nodiscard]] std::string series_json(const std::vector<Labels>& series);

// A plain-text error.
[[nodiscard]] net::HttpResponse error_response(int status, const std::string& message);
// With the status that the error's code has in Loki.
[[nodiscard]] net::HttpResponse error_response(const Status& status);

}  // namespace logi::api
