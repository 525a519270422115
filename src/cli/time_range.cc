#include "cli/time_range.h"

#include "absl/strings/str_cat.h"
#include "base/rfc3339.h"
#include "config/config.h"

#include <CLI/CLI.hpp>

namespace logi::cli {
namespace {

StatusOr<Timestamp> time_of(const char* flag, const std::string& text) {
    const auto time = parse_rfc3339(text);
    return time.ok() ? time
                     : absl::InvalidArgumentError(
                           absl::StrCat(flag, ": ", text, " is not like 2024-03-17T10:00:00Z"));
}

}  // namespace

void add_range_flags(CLI::App& command, RangeArgs& args) {
    command.add_option("--since", args.since, "how far to look back: 15m, 24h, 7d")
        ->each([&args](const std::string&) { args.since_given = true; })
        ->capture_default_str();
    command.add_option("--from", args.from, "start, RFC 3339; wins over --since");
    command.add_option("--to", args.to, "end, RFC 3339, not in it; now by default");
}

StatusOr<TimeRange> resolve(const RangeArgs& args, Timestamp now) {
    TimeRange range{now, now};
    if (!args.to.empty()) {
        LOGI_ASSIGN_OR_RETURN(range.end, time_of("--to", args.to));
    }
    if (!args.from.empty()) {
        LOGI_ASSIGN_OR_RETURN(range.start, time_of("--from", args.from));
    } else {
        LOGI_ASSIGN_OR_RETURN(const Duration since, config::parse_duration(args.since));
        range.start = now - since;
    }
    if (range.end < range.start) {
        return absl::InvalidArgumentError("--to is before --from");
    }
    return range;
}

}  // namespace logi::cli
