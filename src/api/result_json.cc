// Results of queries: streams, vectors, matrices, scalars.
#include "api/answer.h"
#include "api/answer_text.h"
#include "api/entry_text.h"
#include "api/read_request.h"
#include "api/stats_json.h"

#include <cmath>
#include <map>

namespace logi::api {
namespace {

// Entries with the same labels.
struct ResultStream {
    Labels labels;
    std::vector<const query::LogRow*> rows;
};
// By the canonical text of their labels.
using ResultStreams = std::map<std::string, ResultStream>;

std::int64_t memory_bytes(const std::string& text, const Labels& labels) {
    std::size_t bytes = text.size();
    for (const auto& pair : labels.pairs()) {
        bytes += sizeof(LabelPair) + pair.name.size() + pair.value.size();
    }
    return static_cast<std::int64_t>(bytes);
}

StatusOr<ResultStreams> group_rows(const std::vector<query::LogRow>& rows,
                                   bool categorize,
                                   exec::MemoryBudget& memory) {
    ResultStreams streams;
    for (const auto& row : rows) {
        Labels labels = categorize ? *row.stream : query::all_labels(row);
        const auto [stream, is_new] = streams.try_emplace(labels.to_string());
        if (is_new) {
            LOGI_RETURN_IF_ERROR(memory.charge(memory_bytes(stream->first, labels)));
            stream->second.labels = std::move(labels);
        }
        stream->second.rows.push_back(&row);
    }
    return streams;
}

template <typename Out>
void put_streams(Out& out, const ResultStreams& streams, bool categorize) {
    const char* before = "[{\"stream\":";
    for (const auto& [text, stream] : streams) {
        out.append(before);
        before = ",{\"stream\":";
        put_pairs(out, stream.labels.pairs());
        out.append(",\"values\":[");
        for (std::size_t i = 0; i < stream.rows.size(); ++i) {
            out.append(i == 0 ? "" : ",");
            put_row(out, *stream.rows[i], categorize);
        }
        out.append("]}");
    }
    out.append(streams.empty() ? "[]" : "]");
}

void put_point(Text& out, const query::Point& point) {
    put(out, "[", wire::format_seconds(point.time), ",\"", wire::format_sample(point.value), "\"]");
}

// At least what the text has: to print a number twice would cost more than some bytes too many.
void put_point(TextSize& out, const query::Point& point) {
    constexpr std::string_view kUsual =
        "[12345678901.123,\"-0.000012345678901234567\"],";  // 17 digits say every number
    const double size = std::abs(point.value);
    if (size == 0 || (size >= 1e-5 && size < 1e16)) {
        out.append(kUsual);
    } else {
        put(out, kUsual, wire::format_sample(point.value));
    }
}

template <typename Out>
void put_series(Out& out, const query::Result& result) {
    if (result.type == query::Result::Type::kScalar) {  // which is not a list
        put_point(out, result.series.front().points.front());
        return;
    }
    out.append("[");
    for (std::size_t s = 0; s < result.series.size(); ++s) {
        const query::Series& series = result.series[s];
        out.append(s == 0 ? "{\"metric\":" : ",{\"metric\":");
        put_pairs(out, series.labels.pairs());
        if (result.type == query::Result::Type::kVector) {
            out.append(",\"value\":");
            put_point(out, series.points.front());
        } else {
            out.append(",\"values\":[");
            for (std::size_t i = 0; i < series.points.size(); ++i) {
                out.append(i == 0 ? "" : ",");
                put_point(out, series.points[i]);
            }
            out.append("]");
        }
        out.append("}");
    }
    out.append("]");
}

StatusOr<std::string> logs_json(const query::Result& result,
                                const std::vector<std::string>& warnings,
                                const std::vector<std::string>& encoding_flags,
                                const std::string& stats) {
    const bool categorize = categorizes(encoding_flags);
    exec::MemoryBudget memory(result.memory_left_bytes);
    LOGI_ASSIGN_OR_RETURN(const ResultStreams streams, group_rows(result.rows, categorize, memory));
    return bounded_text(memory.left_bytes(), [&](auto& out) {
        out.append("{\"status\":\"success\"");
        put_warnings(out, warnings);
        out.append(",\"data\":{\"resultType\":\"streams\"");
        put_list(out, ",\"encodingFlags\":", encoding_flags);
        out.append(",\"result\":");
        put_streams(out, streams, categorize);
        put(out, ",\"stats\":", stats, "}}\n");
    });
}

StatusOr<std::string> metric_json(const query::Result& result,
                                  const std::vector<std::string>& warnings,
                                  const std::string& stats) {
    constexpr std::array<const char*, 4> kTypes = {"streams", "vector", "matrix", "scalar"};
    return bounded_text(result.memory_left_bytes, [&](auto& out) {
        put(out,
            "{\"status\":\"success\",\"data\":{\"resultType\":\"",
            kTypes[static_cast<std::size_t>(result.type)],
            "\",\"result\":");
        put_series(out, result);
        put(out, ",\"stats\":", stats, "}");
        put_warnings(out, warnings);
        out.append("}");
    });
}

}  // namespace

StatusOr<std::string> result_json(const query::Result& result,
                                  const std::vector<std::string>& warnings,
                                  const std::vector<std::string>& encoding_flags,
                                  double seconds) {
    const bool logs = result.type == query::Result::Type::kStreams;
    const std::string stats =
        stats_json(result.stats, logs ? result.rows.size() : result.series.size(), seconds);
    return logs ? logs_json(result, warnings, encoding_flags, stats)
                : metric_json(result, warnings, stats);
}

StatusOr<std::string> legacy_streams_json(const query::Result& result,
                                          const std::vector<std::string>& warnings,
                                          double seconds) {
    exec::MemoryBudget memory(result.memory_left_bytes);
    LOGI_ASSIGN_OR_RETURN(const ResultStreams streams, group_rows(result.rows, false, memory));
    const std::string stats = stats_json(result.stats, result.rows.size(), seconds);
    return bounded_text(memory.left_bytes(), [&](auto& out) {
        out.append("{\"streams\":[");
        const char* before = "{\"labels\":";
        for (const auto& [text, stream] : streams) {
            out.append(before);
            before = ",{\"labels\":";
            out.append_json(text);
            out.append(",\"entries\":[");
            for (std::size_t i = 0; i < stream.rows.size(); ++i) {
                out.append(i == 0 ? "" : ",");
                put_legacy_row(out, *stream.rows[i]);
            }
            out.append("]}");
        }
        put(out, "],\"stats\":", stats);
        put_warnings(out, warnings);
        out.append("}\n");
    });
}

StatusOr<std::string> volume_json(const query::Volume& volume,
                                  double seconds,
                                  std::int64_t bytes_max) {
    const bool matrix = std::any_of(volume.series.begin(), volume.series.end(), [](const auto& s) {
        return s.points.size() > 1;
    });
    const std::string stats = stats_json(volume.sizes.read, volume.series.size(), seconds);
    return bounded_text(bytes_max, [&](auto& out) {
        put(out,
            "{\"status\":\"success\",\"data\":{\"resultType\":\"",
            matrix ? "matrix" : "vector",
            "\",\"result\":[");
        for (std::size_t i = 0; i < volume.series.size(); ++i) {
            const query::VolumeSeries& series = volume.series[i];
            out.append(i == 0 ? "{\"metric\":" : ",{\"metric\":");
            put_pairs(out, series.labels);
            out.append(matrix ? ",\"values\":[" : ",\"value\":");
            for (std::size_t k = 0; k < series.points.size(); ++k) {
                const query::VolumePoint& point = series.points[k];
                out.append(k == 0 ? "" : ",");
                put(out, "[", wire::format_seconds(point.time), ",\"", point.bytes, "\"]");
            }
            out.append(matrix ? "]}" : "}");
        }
        put(out, "],\"stats\":", stats, "}");
        put_warnings(out, volume.sizes.missing);
        out.append("}");
    });
}

}  // namespace logi::api
