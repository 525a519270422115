#include "api/query_log.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/log.h"
#include "fields/conversions.h"
#include "logql/query_blocks.h"

#include <algorithm>
#include <array>

namespace logi::api {
namespace {

// From which on Loki calls a query slow.
constexpr Duration kSlow = Duration::seconds(10);
constexpr std::size_t kTagsMax = 32;

// 1.5kB, as Loki's log has it.
std::string short_bytes(std::uint64_t bytes) {
    std::string text = fields::format_humanize_bytes(bytes);
    text.erase(std::remove(text.begin(), text.end(), ' '), text.end());
    return text;
}

std::uint64_t per_second(std::uint64_t n, Duration took) {
    const double seconds = std::max(fields::seconds_of(took), 1e-9);
    return static_cast<std::uint64_t>(static_cast<double>(n) / seconds);
}

exec::ReadCounts all_reads(const exec::ScanStats& stats) {
    exec::ReadCounts all = stats.segments;
    all += stats.head;
    return all;
}

// A tag says what a client wants to have said: never what one of our own keys says.
using Tags = std::vector<std::pair<std::string, std::string>>;
Tags tags_beside(const base::LogFields& fields, std::string_view header) {
    Tags tags = query_tags(header);
    for (auto& [name, value] : tags) {
        std::replace(name.begin(), name.end(), ' ', '_');
        const bool taken = name == "ts" || name == "level" || name == "msg" ||
                           std::any_of(fields.begin(), fields.end(), [&key = name](const auto& f) {
                               return f.first == key;
                           });
        if (taken) {
            name.insert(0, "tag_");
        }
    }
    return tags;
}

void add_tags(base::LogFields& fields, const Tags& tags) {
    for (const auto& [name, value] : tags) {
        fields.emplace_back(name, value);
    }
}

void add_query(base::LogFields& fields, const ReadRecord& record) {
    fields.emplace_back("org_id", record.tenants);
    fields.emplace_back("request_id", record.request_id);
    fields.emplace_back("query", record.query);
    fields.emplace_back("query_hash", absl::StrCat(logql::query_hash(record.query)));
    fields.emplace_back("query_type", record.type);
    fields.emplace_back("range_type", record.instant ? "instant" : "range");
}

void add_times(base::LogFields& fields, const ReadRecord& record, const ReadOutcome& outcome) {
    const auto add = [&](const char* key, Duration value) {
        fields.emplace_back(key, fields::format_go_duration(value));
    };
    const Timestamp now = record.begin + outcome.took;
    add("length", record.end - record.start);
    add("start_delta", now - record.start);
    add("end_delta", now - record.end);
    add("step", record.step);
    add("duration", outcome.took);
}

}  // namespace

const char* latency_type(Duration took) {
    return took > kSlow ? "slow" : "fast";
}

void log_read(const ReadRecord& record, const ReadOutcome& outcome) {
    const exec::ReadCounts all = all_reads(outcome.stats);
    base::LogFields fields = {{"caller", "metrics.go"},
                              {"component", "querier"},
                              {"latency", latency_type(outcome.took)}};
    add_query(fields, record);
    add_times(fields, record, outcome);
    const base::LogFields counts = {
        {"status", absl::StrCat(outcome.status)},
        {"limit", absl::StrCat(record.limit)},
        {"returned_lines", absl::StrCat(outcome.returned_lines)},
        {"throughput", short_bytes(per_second(all.line_bytes, outcome.took))},
        {"total_bytes", short_bytes(all.line_bytes)},
        {"total_bytes_structured_metadata", short_bytes(all.metadata_bytes)},
        {"lines_per_second", absl::StrCat(per_second(all.lines, outcome.took))},
        {"total_lines", absl::StrCat(all.lines)},
        {"post_filter_lines", absl::StrCat(all.passed_lines)},
        {"total_entries", absl::StrCat(outcome.entries)},
        {"store_chunks_download_time", "0s"},
        {"queue_time", fields::format_go_duration(record.waited)},
        {"splits", "0"},
        {"shards", "0"}};
    fields.insert(fields.end(), counts.begin(), counts.end());
    const Tags tags = tags_beside(fields, record.tags);
    add_tags(fields, tags);
    base::log_info("query", fields);
}

void log_slow_read(const ReadRecord& record, const ReadOutcome& outcome, const std::string& plan) {
    const exec::ReadCounts all = all_reads(outcome.stats);
    base::LogFields fields;
    add_query(fields, record);
    add_times(fields, record, outcome);
    const base::LogFields counts = {{"status", absl::StrCat(outcome.status)},
                                    {"queue_time", fields::format_go_duration(record.waited)},
                                    {"blocks_found", absl::StrCat(outcome.stats.blocks_found)},
                                    {"blocks_read", absl::StrCat(all.blocks)},
                                    {"stored_bytes_read", absl::StrCat(all.stored_bytes)},
                                    {"line_bytes_read", absl::StrCat(all.line_bytes)},
                                    {"lines_read", absl::StrCat(all.lines)},
                                    {"plan", plan}};
    fields.insert(fields.end(), counts.begin(), counts.end());
    const Tags tags = tags_beside(fields, record.tags);
    add_tags(fields, tags);
    base::log_warn("slow query", fields);
}

std::string read_type(std::string_view path) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 11> kTypes = {
        {{"/detected_labels", "detected_labels"},
         {"/detected_fields", "detected_fields"},
         {"/detected_field/{name}/values", "detected_field_values"},
         {"/labels", "labels"},
         {"/label", "labels"},
         {"/label/{name}/values", "labels"},
         {"/series", "series"},
         {"/stats", "stats"},
         {"/volume", "volume"},
         {"/volume_range", "volume"},
         {"/patterns", "patterns"}}};
    for (const auto& [end, type] : kTypes) {
        if (path.ends_with(end)) {
            return std::string(type);
        }
    }
    return "";
}

std::vector<std::pair<std::string, std::string>> query_tags(std::string_view header) {
    std::vector<std::pair<std::string, std::string>> tags;
    const std::vector<std::string> parts =
        absl::StrSplit(std::string(header), ',', absl::SkipWhitespace());
    for (const std::string& part : parts) {
        std::vector<std::string> pair = absl::StrSplit(part, '=', absl::SkipEmpty());
        if (pair.size() != 2 || tags.size() == kTagsMax) {
            continue;
        }
        for (std::string& text : pair) {
            absl::StripAsciiWhitespace(&text);
            for (char& c : text) {
                const bool plain = absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
                                   absl::StrContains("-.@ ", c);
                c = plain ? c : '_';
            }
        }
        const std::string key = absl::AsciiStrToLower(pair[0]);
        const bool seen = std::any_of(
            tags.begin(), tags.end(), [&](const auto& tag) { return tag.first == key; });
        if (!key.empty() && !seen) {
            tags.emplace_back(key, pair[1]);
        }
    }
    return tags;
}

}  // namespace logi::api
