#include "ingest/refusal_text.h"

#include "absl/strings/str_cat.h"
#include "base/rfc3339.h"

#include <array>

namespace logi::ingest {
namespace {

constexpr std::size_t kEntriesShownMax = 10;

// 2024-03-31 22:59:59.5 +0000 UTC, as Go prints times.
std::string go_time_text(Timestamp time) {
    std::string text = format_rfc3339(time);
    text[text.find('T')] = ' ';
    text.pop_back();
    return text + " +0000 UTC";
}

}  // namespace

std::string compact_size(std::uint64_t bytes) {
    constexpr std::array<const char*, 6> kUnits = {"EB", "PB", "TB", "GB", "MB", "KB"};
    std::uint64_t unit = 1ULL << 60U;
    for (const char* name : kUnits) {
        if (bytes != 0 && bytes % unit == 0) {
            return absl::StrCat(bytes / unit, name);
        }
        unit >>= 10U;
    }
    return absl::StrCat(bytes, "B");
}

std::string stream_limit_text(const Labels& stream, const std::string& tenant) {
    return absl::StrCat("maximum active stream limit exceeded when trying to create stream ",
                        stream.to_string(),
                        ", reduce the number of active streams (reduce labels or reduce label "
                        "values), or contact your Loki administrator to see if the limit can be "
                        "increased, user: '",
                        tenant,
                        "'");
}

void RateRefusals::add(Timestamp time, std::uint64_t bytes) {
    ++count_;
    if (shown_.size() < kEntriesShownMax) {
        shown_.push_back({time, bytes});
    }
}

std::string RateRefusals::text(std::uint64_t limit_bytes_per_second,
                               const std::string& tenant) const {
    const std::string labels = stream_.labels.to_string();
    std::string out;
    for (const Entry& entry : shown_) {
        absl::StrAppend(&out,
                        "entry with timestamp ",
                        go_time_text(entry.time),
                        " ignored, reason: 'Per stream rate limit exceeded (limit: ",
                        compact_size(limit_bytes_per_second),
                        "/sec) while attempting to ingest for stream '",
                        labels,
                        "' totaling ",
                        compact_size(entry.bytes),
                        ", consider splitting a stream via additional labels or contact your Loki "
                        "administrator to see if the limit can be increased',\n");
    }
    absl::StrAppend(&out,
                    "user '",
                    tenant,
                    "', total ignored: ",
                    count_,
                    " out of ",
                    entries_of_push_,
                    " for stream: ",
                    labels);
    return out;
}

}  // namespace logi::ingest
