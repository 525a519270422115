#include "api/answer.h"

#include "absl/strings/str_cat.h"
#include "api/answer_text.h"

namespace logi::api {
namespace {

// Warnings and the end of an object that has members, or has none.
template <typename Out>
void put_end(Out& out, bool has_members, const std::vector<std::string>& warnings) {
    put_list(out, has_members ? ",\"warnings\":" : "\"warnings\":", warnings);
    out.append("}");
}

template <typename Out>
void put_field(Out& out, const query::DetectedField& field) {
    out.append("{\"label\":");
    out.append_json(field.name);
    put(out,
        ",\"type\":\"",
        logi::fields::field_type_name(field.type),
        "\",\"cardinality\":",
        field.values,
        ",\"parsers\":");
    if (field.parsers.empty()) {
        out.append("null");
    } else {
        put_strings(out, field.parsers);
    }
    put_list(out, ",\"jsonPath\":", field.json_path);
    out.append("}");
}

template <typename Out>
void put_pattern(Out& out, const query::LinePattern& pattern) {
    out.append("{\"pattern\":");
    out.append_json(pattern.text);
    out.append(",\"level\":");
    out.append_json(pattern.level);
    const char* before = ",\"samples\":[[";
    for (const auto& [seconds, lines] : pattern.counts) {
        put(out, before, seconds, ",", lines, "]");
        before = ",[";
    }
    out.append("]}");
}

void put_plan(Text& out, const query::ReadPlan& plan) {
    out.append("{\"expression\":");
    out.append_json(plan.expression);
    put(out, ",\"from\":\"", plan.first.ns, "\",\"to\":\"", plan.last.ns);
    out.append("\",\"pushedIntoBlocks\":");
    put_strings(out, plan.pushed);
    out.append(",\"rowByRow\":");
    put_strings(out, plan.row_by_row);
    out.append(",\"byColumns\":");
    put_strings(out, plan.by_columns);
    out.append(",\"extractedLabels\":");
    if (plan.labels.has_value()) {
        put_strings(out, *plan.labels);
    } else {
        out.append("\"all\"");
    }
    put(out, ",\"blocks\":", plan.blocks, ",\"entriesFromStatistics\":", plan.counted_rows);
    put(out, ",\"blocksRead\":", plan.blocks_read, ",\"entriesRead\":", plan.rows);
    put(out, ",\"estimatedBytes\":", plan.bytes, "}");
}

}  // namespace

std::string plan_list_json(const std::vector<query::ReadPlan>& plans) {
    Text out;
    out.append("[");
    for (std::size_t i = 0; i < plans.size(); ++i) {
        out.append(i == 0 ? "" : ",");
        put_plan(out, plans[i]);
    }
    out.append("]");
    return out.take();
}

std::string plans_json(const std::vector<query::ReadPlan>& plans,
                       const std::vector<std::string>& warnings) {
    Text out;
    out.append("{\"status\":\"success\",\"data\":{\"plan\":");
    out.append(plan_list_json(plans));
    out.append("}");
    put_warnings(out, warnings);
    out.append("}\n");
    return out.take();
}

StatusOr<std::string> names_json(const std::vector<std::string>& names,
                                 const std::vector<std::string>& warnings,
                                 std::int64_t bytes_max) {
    return bounded_text(bytes_max, [&](auto& out) {
        out.append("{\"status\":\"success\"");
        put_list(out, ",\"data\":", names);
        put_end(out, true, warnings);
    });
}

StatusOr<std::string> legacy_names_json(const std::vector<std::string>& names,
                                        const std::vector<std::string>& warnings,
                                        std::int64_t bytes_max) {
    return bounded_text(bytes_max, [&](auto& out) {
        out.append("{");
        put_list(out, "\"values\":", names);
        put_end(out, !names.empty(), warnings);
    });
}

StatusOr<std::string> series_json(const std::vector<Labels>& series,
                                  const std::vector<std::string>& warnings,
                                  std::int64_t bytes_max) {
    return bounded_text(bytes_max, [&](auto& out) {
        out.append("{\"status\":\"success\",\"data\":[");
        for (std::size_t i = 0; i < series.size(); ++i) {
            out.append(i == 0 ? "" : ",");
            put_pairs(out, series[i].pairs());
        }
        out.append("]");
        put_end(out, true, warnings);
    });
}

std::string detected_labels_json(const std::vector<query::LabelCardinality>& labels,
                                 const std::vector<std::string>& warnings) {
    Text out;
    out.append("{");
    for (std::size_t i = 0; i < labels.size(); ++i) {
        out.append(i == 0 ? "\"detectedLabels\":[{\"label\":" : ",{\"label\":");
        out.append_json(labels[i].name);
        put(out, ",\"cardinality\":", labels[i].values, "}");
    }
    out.append(labels.empty() ? "" : "]");
    put_end(out, !labels.empty(), warnings);
    return out.take();
}

StatusOr<std::string> detected_fields_json(const std::vector<query::DetectedField>& fields,
                                           std::uint32_t limit,
                                           const std::vector<std::string>& warnings,
                                           std::int64_t bytes_max) {
    return bounded_text(bytes_max, [&](auto& out) {
        out.append("{");
        for (std::size_t i = 0; i < fields.size(); ++i) {
            out.append(i == 0 ? "\"fields\":[" : ",");
            put_field(out, fields[i]);
        }
        if (!fields.empty()) {
            put(out, "],\"limit\":", limit);
        }
        put_end(out, !fields.empty(), warnings);
    });
}

StatusOr<std::string> field_values_json(const std::vector<std::string>& values,
                                        std::uint32_t limit,
                                        const std::vector<std::string>& warnings,
                                        std::int64_t bytes_max) {
    return bounded_text(bytes_max, [&](auto& out) {
        out.append("{");
        put_list(out, "\"values\":", values);
        if (!values.empty()) {
            put(out, ",\"limit\":", limit);
        }
        put_end(out, !values.empty(), warnings);
    });
}

StatusOr<std::string> patterns_json(const query::Patterns& patterns, std::int64_t bytes_max) {
    return bounded_text(bytes_max, [&](auto& out) {
        out.append("{\"status\":\"success\",\"data\":[");
        for (std::size_t i = 0; i < patterns.list.size(); ++i) {
            out.append(i == 0 ? "" : ",");
            put_pattern(out, patterns.list[i]);
        }
        out.append("]");
        put_end(out, true, patterns.missing);
    });
}

std::string index_stats_json(const query::StreamSizes& sizes) {
    Text out;
    put(out, "{\"streams\":", sizes.streams, ",\"chunks\":", sizes.extents);
    put(out, ",\"bytes\":", sizes.total_bytes, ",\"entries\":", sizes.entries);
    put_warnings(out, sizes.missing);
    out.append("}\n");
    return out.take();
}

net::HttpResponse json_response(StatusOr<std::string> body) {
    if (!body.ok()) {
        return error_response(body.status());
    }
    return {200, {{"Content-Type", "application/json; charset=UTF-8"}}, *std::move(body)};
}

net::HttpResponse read_response(StatusOr<std::string> body,
                                const std::vector<std::string>& missing) {
    auto response = json_response(std::move(body));
    if (response.status == 200) {
        response.headers.emplace_back("X-Logi-Completeness",
                                      missing.empty() ? "complete" : "incomplete");
    }
    return response;
}

net::HttpResponse error_response(int status, const std::string& message) {
    return {status,
            {{"Content-Type", "text/plain; charset=utf-8"}, {"X-Content-Type-Options", "nosniff"}},
            message};
}

net::HttpResponse error_response(const Status& status) {
    int code = 500;
    switch (status.code()) {
        case absl::StatusCode::kInvalidArgument:
        case absl::StatusCode::kResourceExhausted:
            code = 400;
            break;
        case absl::StatusCode::kCancelled:
            code = 499;
            break;
        case absl::StatusCode::kDeadlineExceeded:
            code = 504;
            break;
        case absl::StatusCode::kUnavailable:
            code = 503;
            break;
        default:
            break;
    }
    return error_response(code, std::string(status.message()));
}

net::HttpResponse refuse(int status, std::string_view why) {
    return error_response(status, absl::StrCat(std::string(why), "\n"));
}

net::HttpResponse refuse(const Status& status) {
    switch (status.code()) {
        case absl::StatusCode::kNotFound:
            return refuse(404, message_of(status));
        case absl::StatusCode::kInvalidArgument:
        case absl::StatusCode::kResourceExhausted:
            return refuse(400, message_of(status));
        case absl::StatusCode::kPermissionDenied:
            return refuse(403, message_of(status));
        case absl::StatusCode::kUnavailable:
            return refuse(503, message_of(status));
        default:
            return refuse(500, message_of(status));
    }
}

}  // namespace logi::api
