// An entry in the JSON of answers and of live tails.
#pragma once

#include "api/answer_text.h"
#include "base/rfc3339.h"
#include "query/query.h"

namespace logi::api {

// ["ns","line"], or with labels by category ["ns","line",{"structuredMetadata":{…},"parsed":{…}}].
template <typename Out>
void put_row(Out& out, const query::LogRow& row, bool categorize) {
    put(out, "[\"", row.time.ns, "\",");
    out.append_json(row.line);
    if (categorize) {
        out.append(",{");
        if (!row.metadata.empty()) {
            out.append("\"structuredMetadata\":");
            put_pairs(out, row.metadata);
        }
        if (!row.parsed.empty()) {
            out.append(row.metadata.empty() ? "\"parsed\":" : ",\"parsed\":");
            put_pairs(out, row.parsed);
        }
        out.append("}");
    }
    out.append("]");
}

// {"ts":"RFC 3339","line":"line"}, of the older API.
template <typename Out>
void put_legacy_row(Out& out, const query::LogRow& row) {
    put(out, "{\"ts\":\"", format_rfc3339(row.time), "\",\"line\":");
    out.append_json(row.line);
    out.append("}");
}

}  // namespace logi::api
