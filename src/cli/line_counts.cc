#include "cli/line_counts.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include <algorithm>

namespace logi::cli {
namespace {

// Servers bound the length of queries, by a little more than that.
constexpr Duration kWindowMax = Duration::hours(24 * 28);

}  // namespace

std::uint64_t sum_of(const LineCounts& counts) {
    std::uint64_t sum = 0;
    for (const auto& [labels, lines] : counts) {
        sum += lines;
    }
    return sum;
}

StatusOr<LineCounts> count_lines(const ClientArgs& server,
                                 const std::string& selector,
                                 const std::vector<std::string>& names,
                                 TimeRange range) {
    const std::string by =
        names.empty() ? "" : absl::StrCat(" by (", absl::StrJoin(names, ","), ") ");
    LineCounts counts;
    for (Timestamp begin = range.start; begin < range.end; begin = begin + kWindowMax) {
        const Timestamp end = std::min(begin + kWindowMax, range.end);
        // A window has its last time, and not its first.
        LOGI_ASSIGN_OR_RETURN(const std::string body,
                              read_from_server(server,
                                               "/loki/api/v1/query",
                                               {{"query",
                                                 absl::StrCat("sum",
                                                              by,
                                                              "(count_over_time(",
                                                              selector,
                                                              "[",
                                                              (end - begin).ns / kNanosPerSecond,
                                                              "s]))")},
                                                {"time", absl::StrCat((end - Duration{1}).ns)}}));
        LOGI_ASSIGN_OR_RETURN(const auto answer, parse_answer(body));
        if (!answer.warnings.empty()) {
            return absl::UnavailableError(
                absl::StrCat("lines cannot be counted: ", answer.warnings.front()));
        }
        for (std::size_t i = 0; i < answer.values.size(); ++i) {
            counts[answer.value_labels[i].to_string()] +=
                static_cast<std::uint64_t>(answer.values[i]);
        }
    }
    return counts;
}

}  // namespace logi::cli
