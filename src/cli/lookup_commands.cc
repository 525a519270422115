// What a server has: labels, series, fields, patterns; and queries at one time.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/rfc3339.h"
#include "cli/commands.h"
#include "cli/fail.h"
#include "cli/series_table.h"
#include "io/clock.h"
#include "wire/json_pretty.h"

#include <CLI/CLI.hpp>
#include <simdjson.h>

#include <algorithm>
#include <cstdio>
#include <memory>

namespace logi::cli {
namespace {

namespace dom = simdjson::dom;

struct LookupArgs {
    ClientArgs client;
    RangeArgs range;
    std::string query;
    std::string name;  // of a label, or of a field
    std::string now;
    std::string step;
    std::uint64_t limit = 0;
    std::uint64_t line_limit = 1000;
    bool analyze_labels = false;
    bool json = false;
    PrintArgs print;
};
using Args = std::shared_ptr<LookupArgs>;

// Reads what `print` understands of the answer to a GET.
Status look_up(const LookupArgs& args,
               const std::string& path,
               Parameters parameters,
               const std::function<void(const dom::element& root)>& print) {
    LOGI_ASSIGN_OR_RETURN(const TimeRange range, resolve(args.range, io::SystemClock().now()));
    parameters.emplace_back("start", absl::StrCat(range.start.ns));
    parameters.emplace_back("end", absl::StrCat(range.end.ns));
    LOGI_ASSIGN_OR_RETURN(const std::string body, read_from_server(args.client, path, parameters));
    if (args.json) {
        std::puts(wire::pretty_json(body).c_str());
        return absl::OkStatus();
    }
    try {
        dom::parser parser;
        print(parser.parse(body).value());
    } catch (const simdjson::simdjson_error& e) {
        return absl::UnavailableError(
            absl::StrCat("the server's answer cannot be read: ", e.what()));
    }
    return absl::OkStatus();
}

std::string text_of(const dom::element& element) {
    return std::string(element.get_string().value());
}

void print_texts(const dom::array& texts) {
    for (const auto text : texts) {
        std::puts(text_of(text).c_str());
    }
}

Status labels(const LookupArgs& args) {
    const std::string path =
        args.name.empty()
            ? "/loki/api/v1/labels"
            : absl::StrCat("/loki/api/v1/label/", net::url_encode(args.name), "/values");
    return look_up(args, path, {{"query", args.query}}, [](const dom::element& root) {
        dom::array data;
        if (root["data"].get(data) == simdjson::SUCCESS) {  // null, when there are none
            print_texts(data);
        }
    });
}

Status series(const LookupArgs& args) {
    return look_up(
        args, "/loki/api/v1/series", {{"match[]", args.query}}, [&](const dom::element& root) {
            std::vector<Labels> found;
            for (const auto element : root["data"].get_array()) {
                std::vector<LabelPair> pairs;
                for (const auto field : element.get_object()) {
                    pairs.push_back({std::string(field.key), text_of(field.value)});
                }
                found.push_back(Labels::from_pairs(std::move(pairs)));
            }
            if (args.analyze_labels) {
                std::fputs(series_table(found).c_str(), stdout);
                return;
            }
            for (const Labels& each : found) {
                std::puts(each.to_string().c_str());
            }
        });
}

Status detected_labels(const LookupArgs& args) {
    return look_up(args,
                   "/loki/api/v1/detected_labels",
                   {{"query", args.query}},
                   [](const dom::element& root) {
                       for (const auto label : root["detectedLabels"].get_array()) {
                           std::printf("label: %s\t\tcardinality: %llu\n",
                                       text_of(label["label"]).c_str(),
                                       static_cast<unsigned long long>(
                                           label["cardinality"].get_uint64().value()));
                       }
                   });
}

Status detected_fields(const LookupArgs& args) {
    const Parameters parameters = {{"query", args.query},
                                   {"limit", absl::StrCat(args.limit)},
                                   {"line_limit", absl::StrCat(args.line_limit)},
                                   {"step", args.step}};
    if (!args.name.empty()) {
        const std::string path =
            absl::StrCat("/loki/api/v1/detected_field/", net::url_encode(args.name), "/values");
        return look_up(args, path, parameters, [](const dom::element& root) {
            print_texts(root["values"].get_array());
        });
    }
    return look_up(args, "/loki/api/v1/detected_fields", parameters, [](const dom::element& root) {
        for (const auto field : root["fields"].get_array()) {
            std::printf("label: %s\t\ttype: %s\t\tcardinality: %llu\n",
                        text_of(field["label"]).c_str(),
                        text_of(field["type"]).c_str(),
                        static_cast<unsigned long long>(field["cardinality"].get_uint64().value()));
        }
    });
}

// How often each pattern was seen, the most frequent first.
Status patterns(const LookupArgs& args) {
    return look_up(
        args,
        "/loki/api/v1/patterns",
        {{"query", args.query}, {"step", args.step}},
        [](const dom::element& root) {
            std::vector<std::pair<std::uint64_t, std::string>> found;
            for (const auto pattern : root["data"].get_array()) {
                std::uint64_t count = 0;
                for (const auto sample : pattern["samples"].get_array()) {
                    count += sample.at(1).get_uint64().value();
                }
                found.emplace_back(count, text_of(pattern["pattern"]));
            }
            std::sort(found.rbegin(), found.rend());
            for (const auto& [count, text] : found) {
                std::printf("%12llu  %s\n", static_cast<unsigned long long>(count), text.c_str());
            }
        });
}

Status instant_query(const LookupArgs& args) {
    std::string time;
    if (!args.now.empty()) {
        LOGI_ASSIGN_OR_RETURN(const Timestamp now, parse_rfc3339(args.now));
        time = absl::StrCat(now.ns);
    }
    LOGI_ASSIGN_OR_RETURN(
        const std::string body,
        read_from_server(
            args.client,
            "/loki/api/v1/query",
            {{"query", args.query}, {"limit", absl::StrCat(args.limit)}, {"time", time}}));
    LOGI_ASSIGN_OR_RETURN(const auto answer, parse_answer(body));
    if (!answer.is_streams) {
        std::puts(wire::pretty_json(answer.result).c_str());
        return absl::OkStatus();
    }
    LinePrinter printer(args.print);
    printer.begin_page(answer.lines);
    for (const auto& line : answer.lines) {
        printer.print(line);
    }
    return printer.flush();
}

class Adder {
  public:
    Adder(CLI::App& app, std::function<int()>& chosen) : app_(app), chosen_(chosen) {}

    CLI::App& add(const char* name,
                  const char* description,
                  const Args& args,
                  Status (*run)(const LookupArgs&)) {
        CLI::App& command = *app_.add_subcommand(name, description);
        add_client_flags(command, args->client);
        command.callback([args, run, &chosen = chosen_] {
            chosen = [args, run] {
                const Status status = run(*args);
                return status.ok() ? 0 : fail(status);
            };
        });
        return command;
    }

  private:
    CLI::App& app_;
    std::function<int()>& chosen_;
};

void add_json_flag(CLI::App& command, LookupArgs& args) {
    command.add_flag("--json", args.json, "the server's answer as it is");
}

}  // namespace

void add_lookup_commands(CLI::App& app, std::function<int()>& chosen) {
    Adder adder(app, chosen);
    const auto make = [] {
        return std::make_shared<LookupArgs>();
    };
    {
        const Args args = make();
        args->limit = 30;
        CLI::App& command = adder.add(
            "instant-query", "Run a metric query at one time, and print JSON", args, instant_query);
        command.add_option("query", args->query, "LogQL")->required();
        command.add_option("--limit", args->limit, "most series")->capture_default_str();
        command.add_option("--now", args->now, "the time, RFC 3339; now by default");
        add_print_flags(command, args->print);
    }
    {
        const Args args = make();
        CLI::App& command =
            adder.add("labels", "List the names of labels, or the values of one", args, labels);
        command.add_option("name", args->name, "of a label");
        command.add_option("--query", args->query, "only of streams that this selector has");
        add_range_flags(command, args->range);
        add_json_flag(command, *args);
    }
    {
        const Args args = make();
        CLI::App& command = adder.add("series", "List streams", args, series);
        command.add_option("matcher", args->query, "selector, {} for all")->required();
        command.add_flag("--analyze-labels",
                         args->analyze_labels,
                         "instead, how many values each label has, to find the one too many");
        add_range_flags(command, args->range);
        add_json_flag(command, *args);
    }
    {
        const Args args = make();
        CLI::App& command = adder.add("detected-labels",
                                      "List labels that are good to filter by, with how many "
                                      "values they have",
                                      args,
                                      detected_labels);
        command.add_option("matcher", args->query, "selector");
        add_range_flags(command, args->range);
        add_json_flag(command, *args);
    }
    {
        const Args args = make();
        args->limit = 100;
        args->step = "10s";
        CLI::App& command = adder.add("detected-fields",
                                      "List the fields of lines, or the values of one",
                                      args,
                                      detected_fields);
        command.add_option("query", args->query, "LogQL for lines")->required();
        command.add_option("field", args->name, "of which the values are listed");
        command.add_option("--limit", args->limit, "most fields or values")->capture_default_str();
        command.add_option("--line-limit", args->line_limit, "lines that are looked at")
            ->capture_default_str();
        command.add_option("--step", args->step, "as the server's")->capture_default_str();
        add_range_flags(command, args->range);
        add_json_flag(command, *args);
    }
    {
        const Args args = make();
        CLI::App& command = adder.add(
            "patterns", "List the patterns that lines are made by, with counts", args, patterns);
        command.add_option("query", args->query, "selector, or LogQL for lines")->required();
        command.add_option("--step", args->step, "as the server's");
        add_range_flags(command, args->range);
        add_json_flag(command, *args);
    }
}

}  // namespace logi::cli
