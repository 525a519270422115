// The log of reads: a line for each that ran, with the keys of Loki's, and one with the plan for
// those that were slow.
#pragma once

#include "base/time.h"
#include "exec/scan.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace logi::api {

inline constexpr const char* kQueryTagsHeader = "X-Query-Tags";

// A read as it was asked for.
struct ReadRecord {
    std::string request_id;
    std::string tenants;  // joined by |
    std::string tags;     // of the header X-Query-Tags, as it came
    std::string type;     // logql::query_type, or read_type
    std::string query;
    Timestamp start;
    Timestamp end;
    Duration step;
    bool instant = false;
    std::uint32_t limit = 0;
    Timestamp begin;  // when its reading began
    Duration waited;  // until then
};

// What came of it.
struct ReadOutcome {
    int status = 200;
    Duration took;
    exec::ScanStats stats;
    std::size_t returned_lines = 0;
    std::size_t entries = 0;  // lines or series
};

void log_read(const ReadRecord& record, const ReadOutcome& outcome);
// `plan` as explain=true answers it.
void log_slow_read(const ReadRecord& record, const ReadOutcome& outcome, const std::string& plan);

// fast or slow, by Loki's measure.
[[nodiscard]] const char* latency_type(Duration took);

// labels, series, stats and so on; empty where the path is that of a query.
[[nodiscard]] std::string read_type(std::string_view path);

// key=value, joined by commas: keys in lower case, what is neither letter, digit nor any of
// "-.@ " as '_'; of equal keys the first; parts that are not one key and one value are left out.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> query_tags(std::string_view header);

}  // namespace logi::api
