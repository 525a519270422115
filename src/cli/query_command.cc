#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/hash.h"
#include "base/time.h"
#include "cli/commands.h"
#include "model/labels.h"
#include "wire/json_text.h"

#include <simdjson.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <ctime>

namespace logi::cli {
namespace {

struct Line {
    std::int64_t ns = 0;
    std::string text;
    std::vector<LabelPair> labels;
    std::string labels_text;
};

std::vector<Line> read_streams(simdjson::dom::element data) {
    std::vector<Line> lines;
    for (const auto stream : data["result"].get_array()) {
        std::vector<LabelPair> labels;
        for (const auto field : stream["stream"].get_object()) {
            labels.push_back(
                {std::string(field.key), std::string(field.value.get_string().value())});
        }
        const std::string text = Labels::from_pairs(labels).to_string();
        for (const auto value : stream["values"].get_array()) {
            Line line;
            line.ns = std::stoll(std::string(value.at(0).get_string().value()));
            line.text = std::string(value.at(1).get_string().value());
            line.labels = labels;
            line.labels_text = text;
            lines.push_back(std::move(line));
        }
    }
    return lines;
}

std::string rfc3339(std::int64_t ns) {
    const std::time_t seconds = ns / kNanosPerSecond;
    std::tm tm{};
    ::gmtime_r(&seconds, &tm);
    return absl::StrFormat("%04d-%02d-%02dT%02d:%02d:%02d.%09dZ",
                           tm.tm_year + 1900,
                           tm.tm_mon + 1,
                           tm.tm_mday,
                           tm.tm_hour,
                           tm.tm_min,
                           tm.tm_sec,
                           ns % kNanosPerSecond);
}

void print_default(const Line& line, bool colour, bool quiet) {
    constexpr std::array<int, 6> kColours = {31, 32, 33, 34, 35, 36};
    std::string labels = line.labels_text;
    if (colour) {
        const int code = kColours[base::hash64(line.labels_text) % kColours.size()];
        labels = absl::StrCat("\x1b[", code, "m", labels, "\x1b[0m");
    }
    if (quiet) {
        std::printf("%s %s\n", rfc3339(line.ns).c_str(), line.text.c_str());
    } else {
        std::printf("%s %s %s\n", rfc3339(line.ns).c_str(), labels.c_str(), line.text.c_str());
    }
}

void print_jsonl(const Line& line) {
    std::string out = "{\"labels\":{";
    for (std::size_t i = 0; i < line.labels.size(); ++i) {
        out.append(i == 0 ? "" : ",");
        wire::append_json_string(out, line.labels[i].name);
        out.push_back(':');
        wire::append_json_string(out, line.labels[i].value);
    }
    out.append("},\"line\":");
    wire::append_json_string(out, line.text);
    absl::StrAppend(&out, ",\"timestamp\":\"", rfc3339(line.ns), "\"}");
    std::puts(out.c_str());
}

void print_lines(std::vector<Line> lines, const QueryArgs& args) {
    std::stable_sort(lines.begin(), lines.end(), [&](const Line& a, const Line& b) {
        return args.forward ? a.ns < b.ns : a.ns > b.ns;
    });
    const bool colour = ::isatty(STDOUT_FILENO) != 0;
    for (const Line& line : lines) {
        if (args.output == "raw") {
            std::fwrite(line.text.data(), 1, line.text.size(), stdout);
            std::putchar('\n');
        } else if (args.output == "jsonl") {
            print_jsonl(line);
        } else {
            print_default(line, colour, args.quiet);
        }
    }
}

std::string target_of(const QueryArgs& args) {
    std::string target = absl::StrCat("/loki/api/v1/query_range?query=",
                                      net::url_encode(args.query),
                                      "&limit=",
                                      args.limit,
                                      "&direction=",
                                      args.forward ? "forward" : "backward");
    const auto add = [&](const char* name, const std::string& value) {
        if (!value.empty()) {
            absl::StrAppend(&target, "&", name, "=", net::url_encode(value));
        }
    };
    add("start", args.from);
    add("end", args.to);
    add("since", args.since);
    return target;
}

}  // namespace

int query_command(const QueryArgs& args) {
    const auto response = ask_server(args.client, "GET", target_of(args), "");
    if (!response.ok()) {
        std::fprintf(stderr, "logi: %s\n", std::string(response.status().message()).c_str());
        return 1;
    }
    if (response->status != 200) {
        std::fprintf(
            stderr, "logi: the server answered %d: %s\n", response->status, response->body.c_str());
        return 1;
    }
    try {
        simdjson::dom::parser parser;
        const simdjson::dom::element root = parser.parse(response->body);
        simdjson::dom::array warnings;
        if (root["warnings"].get(warnings) == simdjson::SUCCESS) {
            for (const auto warning : warnings) {
                std::fprintf(stderr,
                             "logi: warning: %s\n",
                             std::string(warning.get_string().value()).c_str());
            }
        }
        const simdjson::dom::element data = root["data"];
        if (data["resultType"].get_string().value() == "streams") {
            print_lines(read_streams(data), args);
        } else {
            std::puts(simdjson::to_string(data["result"].value()).c_str());
        }
    } catch (const std::exception& e) {
        std::fprintf(stderr, "logi: the server's answer cannot be read: %s\n", e.what());
        return 1;
    }
    return 0;
}

}  // namespace logi::cli
