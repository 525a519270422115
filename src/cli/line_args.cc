#include "cli/line_args.h"

#include "absl/strings/str_cat.h"
#include "template/zone.h"

#include <CLI/CLI.hpp>

namespace logi::cli {

void add_line_flags(CLI::App& command, LineArgs& args) {
    command
        .add_option("--time-layout",
                    args.time_layout,
                    "how lines write their time: auto finds it out, none: they have none; else a "
                    "name or a layout of Promtail's stage timestamp, as RFC3339, UnixMs or "
                    "'02/01/2006 15:04:05'")
        ->capture_default_str();
    command.add_option(
        "--time-field", args.time_field, "the key, of JSON or logfmt, that has the time of a line");
    command
        .add_option("--line-timezone",
                    args.timezone,
                    "of lines whose times tell none: Local, UTC, Europe/Berlin")
        ->capture_default_str();
    command.add_option("--label", args.labels, "NAME=VALUE, of all lines; may be repeated")
        ->allow_extra_args(false);
}

StatusOr<local::TimeOptions> time_options(const LineArgs& args) {
    const tmpl::Zone* zone = tmpl::Zone::find(args.timezone);
    if (zone == nullptr) {
        return absl::InvalidArgumentError(
            absl::StrCat("--line-timezone: there is no time zone ", args.timezone));
    }
    return local::TimeOptions{args.time_layout, args.time_field, zone};
}

StatusOr<std::vector<LabelPair>> extra_labels(const LineArgs& args) {
    std::vector<LabelPair> pairs;
    for (const std::string& label : args.labels) {
        const std::size_t equal = label.find('=');
        if (equal == std::string::npos || !is_label_name(label.substr(0, equal))) {
            return absl::InvalidArgumentError(absl::StrCat("--label: not NAME=VALUE: ", label));
        }
        pairs.push_back({label.substr(0, equal), label.substr(equal + 1)});
    }
    return pairs;
}

}  // namespace logi::cli
