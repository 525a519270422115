#include "cli/line_printer.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/hash.h"
#include "base/time.h"
#include "wire/json_text.h"

#include <CLI/CLI.hpp>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>

namespace logi::cli {
namespace {

constexpr std::size_t kOutBytes = 64U << 10U;

bool contains(const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

std::string line_time(std::int64_t ns) {
    std::int64_t rest = ns % kNanosPerSecond;
    rest += rest < 0 ? kNanosPerSecond : 0;
    const std::time_t seconds = (ns - rest) / kNanosPerSecond;
    std::tm tm{};
    ::gmtime_r(&seconds, &tm);
    return absl::StrFormat("%04d-%02d-%02dT%02d:%02d:%02d.%09dZ",
                           tm.tm_year + 1900,
                           tm.tm_mon + 1,
                           tm.tm_mday,
                           tm.tm_hour,
                           tm.tm_min,
                           tm.tm_sec,
                           rest);
}

void add_print_flags(CLI::App& command, PrintArgs& args) {
    command.add_option("-o,--output", args.output, "format")
        ->check(CLI::IsMember({"default", "jsonl", "raw"}))
        ->capture_default_str();
    command.add_flag("-q,--quiet", args.quiet, "only times and lines");
    command.add_flag("--no-labels", args.no_labels, "no labels");
    command.add_option("--include-label", args.include_labels, "only this label; may be repeated")
        ->allow_extra_args(false);
    command.add_option("--exclude-label", args.exclude_labels, "not this label; may be repeated")
        ->allow_extra_args(false);
    command.add_option("--labels-length", args.labels_length, "pad labels with spaces to so much");
    command.add_flag("--colored-output", args.colored_output, "colours, also into a file");
}

LinePrinter::LinePrinter(PrintArgs args)
    : args_(std::move(args)), colour_(args_.colored_output || ::isatty(STDOUT_FILENO) != 0) {}

Labels LinePrinter::shown(const Labels& labels) const {
    std::vector<LabelPair> pairs;
    for (const LabelPair& pair : labels.pairs()) {
        const bool wanted =
            args_.include_labels.empty() || contains(args_.include_labels, pair.name);
        if (wanted && !contains(args_.exclude_labels, pair.name)) {
            pairs.push_back(pair);
        }
    }
    return Labels::of_result(std::move(pairs));
}

void LinePrinter::print_default(const wire::AnswerLine& line) {
    out_.append(line_time(line.ns)).push_back(' ');
    if (!args_.no_labels && !args_.quiet) {
        const std::string labels = shown(*line.labels).to_string();
        if (colour_) {
            constexpr std::array<int, 6> kColours = {31, 32, 33, 34, 35, 36};
            const int code = kColours[base::hash64(labels) % kColours.size()];
            absl::StrAppend(&out_, "\x1b[", code, "m", labels, "\x1b[0m");
        } else {
            out_.append(labels);
        }
        out_.append(args_.labels_length - std::min(args_.labels_length, labels.size()), ' ');
        out_.push_back(' ');
    }
    out_.append(line.text);
}

void LinePrinter::print_jsonl(const wire::AnswerLine& line) {
    out_.append("{\"labels\":{");
    const char* comma = "";
    if (!args_.no_labels) {
        const Labels labels = shown(*line.labels);
        for (const LabelPair& pair : labels.pairs()) {
            out_.append(std::exchange(comma, ","));
            wire::append_json_string(out_, pair.name);
            out_.push_back(':');
            wire::append_json_string(out_, pair.value);
        }
    }
    out_.append("},\"line\":");
    wire::append_json_string(out_, line.text);
    absl::StrAppend(&out_, ",\"timestamp\":\"", line_time(line.ns), "\"}");
}

void LinePrinter::print(const wire::AnswerLine& line) {
    if (args_.output == "raw") {
        out_.append(line.text);
    } else if (args_.output == "jsonl") {
        print_jsonl(line);
    } else {
        print_default(line);
    }
    out_.push_back('\n');
    if (out_.size() > kOutBytes) {
        flush();
    }
}

void LinePrinter::flush() {
    std::fwrite(out_.data(), 1, out_.size(), stdout);
    std::fflush(stdout);
    out_.clear();
}

}  // namespace logi::cli
