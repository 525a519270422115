#include "api/answer.h"

#include "absl/strings/str_cat.h"
#include "wire/json_text.h"

#include <map>

namespace logi::api {
namespace {

using wire::append_json_string;

void append_pairs(std::string& out, const std::vector<LabelPair>& pairs) {
    out.push_back('{');
    for (std::size_t i = 0; i < pairs.size(); ++i) {
        out.append(i == 0 ? "" : ",");
        append_json_string(out, pairs[i].name);
        out.push_back(':');
        append_json_string(out, pairs[i].value);
    }
    out.push_back('}');
}

// The object of members that each begin with a comma.
std::string object_of(const std::string& members) {
    return absl::StrCat("{", members.empty() ? "" : members.substr(1), "}");
}

void append_strings(std::string& out, const std::vector<std::string>& strings) {
    out.push_back('[');
    for (std::size_t i = 0; i < strings.size(); ++i) {
        out.append(i == 0 ? "" : ",");
        append_json_string(out, strings[i]);
    }
    out.push_back(']');
}

void append_row(std::string& out, const query::LogRow& row, bool categorize) {
    absl::StrAppend(&out, "[\"", row.time.ns, "\",");
    append_json_string(out, row.line);
    if (categorize) {
        out.append(",{");
        if (!row.metadata.empty()) {
            out.append("\"structuredMetadata\":");
            append_pairs(out, row.metadata);
        }
        if (!row.parsed.empty()) {
            out.append(row.metadata.empty() ? "\"parsed\":" : ",\"parsed\":");
            append_pairs(out, row.parsed);
        }
        out.push_back('}');
    }
    out.push_back(']');
}

void append_streams(std::string& out, const query::Result& result, bool categorize) {
    // Sorted by the canonical label text, entries in the order of the request.
    std::map<std::string, std::pair<Labels, std::vector<const query::LogRow*>>> streams;
    for (const auto& row : result.rows) {
        Labels labels = categorize ? *row.stream : query::all_labels(row);
        auto& stream = streams[labels.to_string()];
        stream.first = std::move(labels);
        stream.second.push_back(&row);
    }
    bool first_stream = true;
    for (const auto& [text, stream] : streams) {
        out.append(first_stream ? "{\"stream\":" : ",{\"stream\":");
        first_stream = false;
        append_pairs(out, stream.first.pairs());
        out.append(",\"values\":[");
        for (std::size_t i = 0; i < stream.second.size(); ++i) {
            out.append(i == 0 ? "" : ",");
            append_row(out, *stream.second[i], categorize);
        }
        out.append("]}");
    }
}

void append_point(std::string& out, const query::Point& point) {
    absl::StrAppend(&out,
                    "[",
                    wire::format_seconds(point.time),
                    ",\"",
                    wire::format_sample(point.value),
                    "\"]");
}

void append_volume_point(std::string& out, const query::VolumePoint& point) {
    absl::StrAppend(&out, "[", wire::format_seconds(point.time), ",\"", point.bytes, "\"]");
}

void append_series(std::string& out, const query::Result& result) {
    if (result.type == query::Result::Type::kScalar) {
        out.pop_back();  // a scalar is not a list
        append_point(out, result.series.front().points.front());
        return;
    }
    bool first = true;
    for (const auto& series : result.series) {
        out.append(first ? "{\"metric\":" : ",{\"metric\":");
        first = false;
        append_pairs(out, series.labels.pairs());
        if (result.type == query::Result::Type::kVector) {
            out.append(",\"value\":");
            append_point(out, series.points.front());
        } else {
            out.append(",\"values\":[");
            for (std::size_t i = 0; i < series.points.size(); ++i) {
                out.append(i == 0 ? "" : ",");
                append_point(out, series.points[i]);
            }
            out.push_back(']');
        }
        out.push_back('}');
    }
}

std::string store_stats(const query::Stats& s) {
    return absl::StrCat(
        "{\"totalChunksRef\":",
        s.blocks,
        ",\"totalChunksDownloaded\":",
        s.blocks,
        ",\"chunksDownloadTime\":0,\"queryReferencedStructuredMetadata\":false,"
        "\"queryUsedV2Engine\":false,"
        "\"chunk\":{\"headChunkBytes\":0,\"headChunkLines\":0,\"decompressedBytes\":",
        s.bytes,
        ",\"decompressedLines\":",
        s.lines,
        ",\"compressedBytes\":0,\"totalDuplicates\":",
        s.duplicates,
        ",\"postFilterLines\":0,\"headChunkStructuredMetadataBytes\":0,"
        "\"decompressedStructuredMetadataBytes\":0},\"chunkRefsFetchTime\":0,"
        "\"congestionControlLatency\":0,"
        "\"pipelineWrapperFilteredLines\":0,\"dataobj\":{\"prePredicateDecompressedRows\":0,"
        "\"prePredicateDecompressedBytes\":0,\"prePredicateDecompressedStructuredMetadataBytes\":0,"
        "\"postPredicateRows\":0,\"postPredicateDecompressedBytes\":0,"
        "\"postPredicateStructuredMetadataBytes\":0,\"postFilterRows\":0,\"pagesScanned\":0,"
        "\"pagesDownloaded\":0,\"pagesDownloadedBytes\":0,\"pageBatches\":0,\"totalRowsAvailable\":"
        "0,"
        "\"totalPageDownloadTime\":0}}");
}

std::string stats_json(const query::Stats& s, std::size_t returned, double seconds) {
    const double time = std::max(seconds, 1e-9);
    std::string out =
        absl::StrCat("{\"summary\":{\"bytesProcessedPerSecond\":",
                     static_cast<std::uint64_t>(static_cast<double>(s.bytes) / time),
                     ",\"linesProcessedPerSecond\":",
                     static_cast<std::uint64_t>(static_cast<double>(s.lines) / time),
                     ",\"totalBytesProcessed\":",
                     s.bytes,
                     ",\"totalLinesProcessed\":",
                     s.lines,
                     ",\"execTime\":",
                     seconds,
                     ",\"queueTime\":0,\"subqueries\":0,\"totalEntriesReturned\":",
                     returned,
                     ",\"splits\":0,\"shards\":0,\"totalPostFilterLines\":",
                     returned,
                     ",\"totalStructuredMetadataBytesProcessed\":0},\"querier\":{\"store\":",
                     store_stats(s),
                     ",\"querierExecTime\":",
                     seconds,
                     "},\"ingester\":{\"totalReached\":0,\"totalChunksMatched\":0,\"totalBatches\":"
                     "0,\"totalLinesSent\":0,"
                     "\"store\":",
                     store_stats({}),
                     "},\"cache\":{");
    constexpr std::array<const char*, 8> kCaches = {"chunk",
                                                    "index",
                                                    "result",
                                                    "statsResult",
                                                    "volumeResult",
                                                    "seriesResult",
                                                    "labelResult",
                                                    "instantMetricResult"};
    for (std::size_t i = 0; i < kCaches.size(); ++i) {
        absl::StrAppend(
            &out,
            i == 0 ? "" : ",",
            "\"",
            kCaches[i],
            "\":{\"entriesFound\":0,\"entriesRequested\":0,\"entriesStored\":0,\"bytesReceived\":0,"
            "\"bytesSent\":0,\"requests\":0,\"downloadTime\":0,\"queryLengthServed\":0}");
    }
    absl::StrAppend(&out,
                    "},\"index\":{\"totalChunks\":0,\"postFilterChunks\":0,\"shardsDuration\":0,"
                    "\"usedBloomFilters\":false,\"totalStreams\":0,\"chunkRefsLookupTime\":0,"
                    "\"bloomFilterTime\":0}}");
    return out;
}

// Nothing for an empty list.
std::string list_json(std::string_view key, const std::vector<std::string>& texts) {
    std::string out;
    if (!texts.empty()) {
        out.append(key);
        append_strings(out, texts);
    }
    return out;
}

std::string warnings_json(const std::vector<std::string>& warnings) {
    return list_json(",\"warnings\":", warnings);
}

}  // namespace

std::string result_json(const query::Result& result,
                        const std::vector<std::string>& warnings,
                        const std::vector<std::string>& encoding_flags,
                        double seconds) {
    constexpr std::array<const char*, 4> kTypes = {"streams", "vector", "matrix", "scalar"};
    const bool logs = result.type == query::Result::Type::kStreams;
    std::string out = "{\"status\":\"success\"";
    out.append(logs ? warnings_json(warnings) : "");
    absl::StrAppend(
        &out, ",\"data\":{\"resultType\":\"", kTypes[static_cast<std::size_t>(result.type)], "\"");
    out.append(logs ? list_json(",\"encodingFlags\":", encoding_flags) : "");
    out.append(",\"result\":[");
    if (logs) {
        const bool categorize =
            std::find(encoding_flags.begin(), encoding_flags.end(), "categorize-labels") !=
            encoding_flags.end();
        append_streams(out, result, categorize);
    } else {
        append_series(out, result);
    }
    out.append(result.type == query::Result::Type::kScalar ? "" : "]");
    absl::StrAppend(
        &out,
        ",\"stats\":",
        stats_json(result.stats, logs ? result.rows.size() : result.series.size(), seconds),
        "}");
    out.append(logs ? "" : warnings_json(warnings));
    out.append(logs ? "}\n" : "}");
    return out;
}

std::string plans_json(const std::vector<query::ReadPlan>& plans,
                       const std::vector<std::string>& warnings) {
    std::string out = "{\"status\":\"success\",\"data\":{\"plan\":[";
    for (const auto& plan : plans) {
        absl::StrAppend(&out, out.back() == '[' ? "" : ",", "{\"expression\":");
        append_json_string(out, plan.expression);
        absl::StrAppend(&out, ",\"from\":\"", plan.first.ns, "\",\"to\":\"", plan.last.ns);
        out.append("\",\"pushedIntoBlocks\":");
        append_strings(out, plan.pushed);
        out.append(",\"rowByRow\":");
        append_strings(out, plan.row_by_row);
        out.append(",\"extractedLabels\":");
        if (plan.labels.has_value()) {
            append_strings(out, *plan.labels);
        } else {
            out.append("\"all\"");
        }
        absl::StrAppend(&out,
                        ",\"blocks\":",
                        plan.blocks,
                        ",\"entriesFromStatistics\":",
                        plan.counted_rows,
                        ",\"blocksRead\":",
                        plan.blocks_read,
                        ",\"entriesRead\":",
                        plan.rows,
                        ",\"estimatedBytes\":",
                        plan.bytes,
                        "}");
    }
    return absl::StrCat(out, "]}", warnings_json(warnings), "}\n");
}

std::string names_json(const std::vector<std::string>& names,
                       const std::vector<std::string>& warnings) {
    std::string out = "{\"status\":\"success\"";
    if (!names.empty()) {
        out.append(",\"data\":");
        append_strings(out, names);
    }
    return absl::StrCat(out, warnings_json(warnings), "}");
}

std::string legacy_names_json(const std::vector<std::string>& names,
                              const std::vector<std::string>& warnings) {
    std::string out;
    if (!names.empty()) {
        out.append(",\"values\":");
        append_strings(out, names);
    }
    out.append(warnings_json(warnings));
    return object_of(out);
}

std::string series_json(const std::vector<Labels>& series,
                        const std::vector<std::string>& warnings) {
    std::string out = "{\"status\":\"success\",\"data\":[";
    for (std::size_t i = 0; i < series.size(); ++i) {
        out.append(i == 0 ? "" : ",");
        append_pairs(out, series[i].pairs());
    }
    return absl::StrCat(out, "]", warnings_json(warnings), "}");
}

std::string detected_labels_json(const std::vector<query::LabelCardinality>& labels,
                                 const std::vector<std::string>& warnings) {
    std::string out;
    for (std::size_t i = 0; i < labels.size(); ++i) {
        out.append(i == 0 ? ",\"detectedLabels\":[{\"label\":" : ",{\"label\":");
        append_json_string(out, labels[i].name);
        absl::StrAppend(&out, ",\"cardinality\":", labels[i].values, "}");
    }
    absl::StrAppend(&out, labels.empty() ? "" : "]", warnings_json(warnings));
    return object_of(out);
}

std::string detected_fields_json(const std::vector<query::DetectedField>& fields,
                                 std::uint32_t limit,
                                 const std::vector<std::string>& warnings) {
    std::string out;
    for (std::size_t i = 0; i < fields.size(); ++i) {
        const query::DetectedField& field = fields[i];
        out.append(i == 0 ? ",\"fields\":[{\"label\":" : ",{\"label\":");
        append_json_string(out, field.name);
        out.append(",\"type\":\"").append(logi::fields::field_type_name(field.type));
        absl::StrAppend(&out,
                        "\",\"cardinality\":",
                        field.values,
                        ",\"parsers\":",
                        field.parsers.empty() ? "null" : "");
        out.append(list_json("", field.parsers));
        out.append(list_json(",\"jsonPath\":", field.json_path));
        out.push_back('}');
    }
    if (!fields.empty()) {
        absl::StrAppend(&out, "],\"limit\":", limit);
    }
    out.append(warnings_json(warnings));
    return object_of(out);
}

std::string field_values_json(const std::vector<std::string>& values,
                              std::uint32_t limit,
                              const std::vector<std::string>& warnings) {
    std::string out = list_json(",\"values\":", values);
    if (!values.empty()) {
        absl::StrAppend(&out, ",\"limit\":", limit);
    }
    out.append(warnings_json(warnings));
    return object_of(out);
}

std::string patterns_json(const query::Patterns& patterns) {
    std::string out = "{\"status\":\"success\",\"data\":[";
    for (std::size_t i = 0; i < patterns.list.size(); ++i) {
        const query::LinePattern& pattern = patterns.list[i];
        out.append(i == 0 ? "{\"pattern\":" : ",{\"pattern\":");
        append_json_string(out, pattern.text);
        out.append(",\"level\":");
        append_json_string(out, pattern.level);
        out.append(",\"samples\":");
        char before = '[';
        for (const auto& [seconds, lines] : pattern.counts) {
            absl::StrAppend(&out, std::string(1, before), "[", seconds, ",", lines, "]");
            before = ',';
        }
        out.append("]}");
    }
    return absl::StrCat(out, "]", warnings_json(patterns.missing), "}");
}

std::string index_stats_json(const query::StreamSizes& sizes) {
    return absl::StrCat("{\"streams\":",
                        sizes.streams,
                        ",\"chunks\":",
                        sizes.extents,
                        ",\"bytes\":",
                        sizes.total_bytes,
                        ",\"entries\":",
                        sizes.entries,
                        warnings_json(sizes.missing),
                        "}\n");
}

std::string volume_json(const query::Volume& volume, double seconds) {
    const bool matrix = std::any_of(volume.series.begin(), volume.series.end(), [](const auto& s) {
        return s.points.size() > 1;
    });
    std::string out = absl::StrCat("{\"status\":\"success\",\"data\":{\"resultType\":\"",
                                   matrix ? "matrix" : "vector",
                                   "\",\"result\":[");
    for (std::size_t i = 0; i < volume.series.size(); ++i) {
        const query::VolumeSeries& series = volume.series[i];
        out.append(i == 0 ? "{\"metric\":" : ",{\"metric\":");
        append_pairs(out, series.labels);
        out.append(matrix ? ",\"values\":[" : ",\"value\":");
        for (std::size_t k = 0; k < series.points.size(); ++k) {
            out.append(k == 0 ? "" : ",");
            append_volume_point(out, series.points[k]);
        }
        out.append(matrix ? "]}" : "}");
    }
    const query::Stats stats{.blocks = volume.sizes.blocks_read,
                             .lines = volume.sizes.entries_read};
    absl::StrAppend(&out, "],\"stats\":", stats_json(stats, volume.series.size(), seconds), "}");
    return absl::StrCat(out, warnings_json(volume.sizes.missing), "}");
}

net::HttpResponse json_response(std::string body) {
    return {200, {{"Content-Type", "application/json; charset=UTF-8"}}, std::move(body)};
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

}  // namespace logi::api
