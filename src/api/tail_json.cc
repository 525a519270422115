#include "api/tail_json.h"

#include "api/answer_text.h"
#include "api/entry_text.h"
#include "base/rfc3339.h"

namespace logi::api {
namespace {

void put_entry(Text& out, const query::LogRow& row, bool categorize) {
    out.append("{\"stream\":");
    put_pairs(out, categorize ? row.stream->pairs() : query::all_labels(row).pairs());
    out.append(",\"values\":[");
    put_row(out, row, categorize);
    out.append("]}");
}

void put_legacy_entry(Text& out, const query::LogRow& row) {
    out.append("{\"labels\":");
    out.append_json(query::all_labels(row).to_string());
    out.append(",\"entries\":[");
    put_legacy_row(out, row);
    out.append("]}");
}

void put_lost(Text& out, const tail::Lost& lost) {
    put(out, "{\"timestamp\":\"", lost.time.ns, "\",\"labels\":");
    put_pairs(out, lost.stream->pairs());
    out.append("}");
}

void put_legacy_lost(Text& out, const tail::Lost& lost) {
    put(out, "{\"Timestamp\":\"", format_rfc3339(lost.time), "\",\"Labels\":");
    out.append_json(lost.stream->to_string());
    out.append("}");
}

}  // namespace

std::string tail_streams_json(const std::vector<query::LogRow>& rows, tail::Form form) {
    Text out;
    out.append("{\"streams\":[");
    for (std::size_t i = 0; i < rows.size(); ++i) {
        out.append(i == 0 ? "" : ",");
        if (form == tail::Form::kLegacy) {
            put_legacy_entry(out, rows[i]);
        } else {
            put_entry(out, rows[i], form == tail::Form::kCategorized);
        }
    }
    out.append("]");
    return out.take();
}

std::string tail_rest_json(const std::vector<tail::Lost>& lost,
                           const std::vector<std::string>& encoding_flags,
                           tail::Form form) {
    Text out;
    for (std::size_t i = 0; i < lost.size(); ++i) {
        out.append(i == 0 ? ",\"dropped_entries\":[" : ",");
        if (form == tail::Form::kLegacy) {
            put_legacy_lost(out, lost[i]);
        } else {
            put_lost(out, lost[i]);
        }
    }
    out.append(lost.empty() ? "" : "]");
    put_list(out, ",\"encodingFlags\":", encoding_flags);
    out.append("}");
    return out.take();
}

}  // namespace logi::api
