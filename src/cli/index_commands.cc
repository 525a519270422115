// How much a server has, as its index knows it: stats, volume and volume_range.
#include "absl/strings/str_cat.h"
#include "cli/commands.h"
#include "cli/fail.h"
#include "fields/conversions.h"
#include "io/clock.h"
#include "wire/json_pretty.h"

#include <CLI/CLI.hpp>
#include <simdjson.h>

#include <cstdio>
#include <memory>

namespace logi::cli {
namespace {

namespace dom = simdjson::dom;

struct IndexArgs {
    ClientArgs client;
    RangeArgs range;
    std::string query;
    std::uint64_t limit = 30;
    std::vector<std::string> target_labels;
    bool aggregate_by_labels = false;
    std::string step;  // of volume_range
};

StatusOr<std::string> ask(const IndexArgs& args, const char* what, Parameters parameters) {
    LOGI_ASSIGN_OR_RETURN(const TimeRange range, resolve(args.range, io::SystemClock().now()));
    parameters.emplace_back("query", args.query);
    parameters.emplace_back("start", absl::StrCat(range.start.ns));
    parameters.emplace_back("end", absl::StrCat(range.end.ns));
    return read_from_server(args.client, absl::StrCat("/loki/api/v1/index/", what), parameters);
}

Status stats(const IndexArgs& args) {
    LOGI_ASSIGN_OR_RETURN(const std::string body, ask(args, "stats", {}));
    try {
        dom::parser parser;
        const dom::element root = parser.parse(body).value();
        const auto number = [&](const char* name) -> std::uint64_t {
            return root[name].get_uint64().value();
        };
        std::printf("{\n  bytes: %s\n  chunks: %s\n  streams: %s\n  entries: %s\n}\n",
                    fields::format_humanize_bytes(number("bytes")).c_str(),
                    std::to_string(number("chunks")).c_str(),
                    std::to_string(number("streams")).c_str(),
                    std::to_string(number("entries")).c_str());
    } catch (const simdjson::simdjson_error& e) {
        return absl::UnavailableError(
            absl::StrCat("the server's answer cannot be read: ", e.what()));
    }
    return absl::OkStatus();
}

Status volume_of(const IndexArgs& args, const char* what) {
    std::string labels;
    for (const std::string& label : args.target_labels) {
        absl::StrAppend(&labels, labels.empty() ? "" : ",", label);
    }
    LOGI_ASSIGN_OR_RETURN(const std::string body,
                          ask(args,
                              what,
                              {{"limit", absl::StrCat(args.limit)},
                               {"step", args.step},
                               {"targetLabels", labels},
                               {"aggregateBy", args.aggregate_by_labels ? "labels" : "series"}}));
    LOGI_ASSIGN_OR_RETURN(const auto answer, parse_answer(body));
    std::puts(wire::pretty_json(answer.result).c_str());
    return absl::OkStatus();
}

Status volume(const IndexArgs& args) {
    return volume_of(args, "volume");
}

Status volume_range(const IndexArgs& args) {
    return volume_of(args, "volume_range");
}

void add(CLI::App& app,
         std::function<int()>& chosen,
         const char* name,
         const char* description,
         Status (*run)(const IndexArgs&)) {
    const auto args = std::make_shared<IndexArgs>();
    CLI::App& command = *app.add_subcommand(name, description);
    add_client_flags(command, args->client);
    add_range_flags(command, args->range);
    command.add_option("matcher", args->query, "selector")->required();
    if (run != stats) {
        command.add_option("--limit", args->limit, "most series")->capture_default_str();
        command
            .add_option("--targetLabels", args->target_labels, "labels to sum by, joined by commas")
            ->delimiter(',');
        command.add_flag("--aggregateByLabels",
                         args->aggregate_by_labels,
                         "sum by single labels instead of streams");
    }
    if (run == volume_range) {
        args->step = "1h";
        command.add_option("--step", args->step, "time between samples")->capture_default_str();
    }
    command.callback([args, run, &chosen] {
        chosen = [args, run] {
            const Status status = run(*args);
            return status.ok() ? 0 : fail(status);
        };
    });
}

}  // namespace

void add_index_commands(CLI::App& app, std::function<int()>& chosen) {
    add(app, chosen, "stats", "Count streams, entries and bytes, without reading lines", stats);
    add(app, chosen, "volume", "Bytes by stream or label, the greatest first", volume);
    add(app, chosen, "volume_range", "Bytes by stream or label over time", volume_range);
}

}  // namespace logi::cli
