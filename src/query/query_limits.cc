#include "query/query_limits.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "config/config.h"
#include "exec/windows.h"
#include "fields/conversions.h"
#include "logql/tree.h"
#include "query/metric_query.h"

#include <array>
#include <cmath>

namespace logi::query {
namespace {

Status check_matchers(const std::vector<Matcher>& matchers, const Limits& limits) {
    std::vector<std::string> present;
    for (const Matcher& matcher : matchers) {
        present.push_back(matcher.name());
    }
    std::vector<std::string> missing;
    for (const auto& name : limits.required_labels) {
        if (std::find(present.begin(), present.end(), name) == present.end()) {
            missing.push_back(name);
        }
    }
    if (!missing.empty()) {
        return absl::InvalidArgumentError(
            absl::StrCat("stream selector is missing required matchers [",
                         absl::StrJoin(missing, ", "),
                         "], labels present in the query were [",
                         absl::StrJoin(present, ", "),
                         "]"));
    }
    const auto count = static_cast<std::int64_t>(present.size());
    if (count < limits.minimum_labels_number) {
        return absl::InvalidArgumentError(
            absl::StrCat("stream selector has less label matchers than required: (present: [",
                         absl::StrJoin(present, ", "),
                         "], number_present: ",
                         count,
                         ", required_number_label_matchers: ",
                         limits.minimum_labels_number,
                         ")"));
    }
    const std::int64_t most = limits.max_streams_matchers_per_query;
    if (most > 0 && count > most) {
        return absl::InvalidArgumentError(
            absl::StrCat("max streams matchers per query exceeded, matchers-count > limit (",
                         count,
                         " > ",
                         most,
                         ")"));
    }
    return absl::OkStatus();
}

// As Go's humanize.IBytes: 9 B, 1.5 KiB, 15 MiB.
std::string format_binary_bytes(std::uint64_t bytes) {
    constexpr std::array<const char*, 7> kUnits = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    if (bytes < 10) {
        return absl::StrCat(bytes, " B");
    }
    double scaled = static_cast<double>(bytes);
    std::size_t unit = 0;
    while (scaled >= 1024 && unit + 1 < kUnits.size()) {
        scaled /= 1024;
        ++unit;
    }
    const double rounded = std::floor(scaled * 10 + 0.5) / 10;
    return rounded < 10 ? absl::StrFormat("%.1f %s", rounded, kUnits[unit])
                        : absl::StrFormat("%.0f %s", rounded, kUnits[unit]);
}

// Of one extent, the share that lies in the time, both ends included.
double bytes_in(const segment::Selection& selection,
                const segment::StreamExtent& e,
                Timestamp first,
                Timestamp last) {
    double bytes = static_cast<double>(e.line_bytes + e.metadata_bytes);
    if (!e.has_bytes) {
        const block::BlockStats& block = selection.blocks()[e.block];
        bytes = static_cast<double>(block.line_bytes) * e.rows / std::max(block.rows, 1U);
    }
    const double inside =
        static_cast<double>((std::min(e.max_time, last) - std::max(e.min_time, first)).ns + 1);
    return bytes * inside / static_cast<double>((e.max_time - e.min_time).ns + 1);
}

// Without what is damaged, which the query tells.
StatusOr<double> bytes_in(const exec::Sources& sources,
                          const std::vector<Matcher>& matchers,
                          Timestamp first,
                          Timestamp last) {
    LOGI_ASSIGN_OR_RETURN(const auto selections, exec::select(sources, matchers, first, last));
    double bytes = 0;
    for (const auto& selection : selections.of) {
        for (const segment::StreamExtent& e : selection->extents()) {
            bytes += bytes_in(*selection, e, first, last);
        }
    }
    return bytes;
}

}  // namespace

Status check_selectors(const logql::Expr& expr, const Limits& limits) {
    if (const auto* log = std::get_if<logql::LogExpr>(&expr.node)) {
        return check_matchers(log->matchers, limits);
    }
    Status status;
    logql::for_each_range(expr, [&](const logql::RangeAggregation& range) {
        status.Update(check_matchers(range.log.matchers, limits));
    });
    return status;
}

Status check_bytes_read(const exec::Sources& sources, const Prepared& query, const Limits& limits) {
    const std::int64_t most = limits.max_query_bytes_read;
    if (most <= 0 || query.range.start >= query.range.end) {
        return absl::OkStatus();
    }
    double bytes = 0;
    Status status;
    const auto add = [&](const std::vector<Matcher>& matchers, Timestamp first, Timestamp last) {
        const auto more = bytes_in(sources, matchers, first, last);
        status.Update(more.status());
        bytes += more.value_or(0);
    };
    if (const auto* log = std::get_if<logql::LogExpr>(&query.expr->node)) {
        add(log->matchers, query.range.start, query.range.end - Duration{1});
    }
    const exec::Steps steps = steps_of(query.request);
    logql::for_each_range(*query.expr, [&](const logql::RangeAggregation& range) {
        const exec::Windows windows(steps, range.range, range.offset);
        add(range.log.matchers, windows.first_time(), windows.last_time());
    });
    LOGI_RETURN_IF_ERROR(status);
    if (bytes <= static_cast<double>(most)) {
        return absl::OkStatus();
    }
    return absl::InvalidArgumentError(
        absl::StrCat("the query would read too many bytes (query: ",
                     format_binary_bytes(static_cast<std::uint64_t>(bytes)),
                     ", limit: ",
                     format_binary_bytes(static_cast<std::uint64_t>(most)),
                     "); consider adding more specific stream selectors or reduce the time range "
                     "of the query"));
}

namespace {

Status check_limits(const Prepared& query, const Limits& limits) {
    const std::int64_t most = limits.max_entries_limit_per_query;
    if (most > 0 && query.request.limit > most) {
        return absl::InvalidArgumentError(
            absl::StrCat("max entries limit per query exceeded, limit > ",
                         "max_entries_limit_per_query (",
                         query.request.limit,
                         " > ",
                         most,
                         ")"));
    }
    // As in Loki, ranges of aggregations count only where the request itself is short enough.
    Duration length = query.request.end - query.request.start;
    length = length > limits.max_query_length ? length : query.length;
    if (limits.max_query_length.ns > 0 && length > limits.max_query_length) {
        return absl::InvalidArgumentError(
            absl::StrCat("the query time range exceeds the limit (query length: ",
                         fields::format_go_duration(length),
                         ", limit: ",
                         config::format_duration(limits.max_query_length),
                         ")"));
    }
    return absl::OkStatus();
}

// Of the ranges of aggregations.
Status check_ranges(const logql::Expr& expr, Duration most) {
    Status status;
    logql::for_each_range(expr, [&](const logql::RangeAggregation& range) {
        if (most.ns > 0 && range.range > most) {
            status.Update(
                absl::InvalidArgumentError(absl::StrCat("[interval] value exceeds limit: [",
                                                        config::format_duration(range.range),
                                                        "] > [",
                                                        config::format_duration(most),
                                                        "]")));
        }
    });
    return status;
}

}  // namespace

StatusOr<Prepared> prepare_within(Request request, const Limits& limits, Timestamp now) {
    request.now = now;
    if (limits.max_query_lookback.ns > 0) {
        request.start =
            std::min(std::max(request.start, now - limits.max_query_lookback), request.end);
    }
    LOGI_ASSIGN_OR_RETURN(Prepared prepared, prepare(std::move(request)));
    LOGI_RETURN_IF_ERROR(check_selectors(*prepared.expr, limits));
    LOGI_RETURN_IF_ERROR(check_limits(prepared, limits));
    LOGI_RETURN_IF_ERROR(check_ranges(*prepared.expr, limits.max_query_range));
    return prepared;
}

}  // namespace logi::query
