#include "cli/line_printer.h"

#include "absl/strings/str_cat.h"
#include "base/hash.h"
#include "base/time.h"
#include "template/sink.h"
#include "template/time_format.h"
#include "template/value.h"
#include "wire/json_text.h"

#include <CLI/CLI.hpp>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <functional>
#include <map>
#include <utility>

namespace logi::cli {
namespace {

constexpr const char* kSpace = " \t\r\n\v\f";
constexpr std::size_t kOutBytes = 64U << 10U;

// Names of logcli, as Go's layouts; with all nine digits where it has nanoseconds, so that columns
// stay straight.
const std::map<std::string, std::string> kLayouts = {
    {"rfc3339", "2006-01-02T15:04:05Z07:00"},
    {"rfc3339nano", "2006-01-02T15:04:05.000000000Z07:00"},
    {"rfc822z", "02 Jan 06 15:04 -0700"},
    {"rfc1123z", "Mon, 02 Jan 2006 15:04:05 -0700"},
    {"stampmicro", "Jan _2 15:04:05.000000"},
    {"stampmilli", "Jan _2 15:04:05.000"},
    {"stampnano", "Jan _2 15:04:05.000000000"},
    {"unixdate", "Mon Jan _2 15:04:05 MST 2006"}};
constexpr std::size_t kTimeBytesMax = 100;

// Lines of one stream share its labels, and mostly follow each other.
void for_each_labels(const std::vector<wire::AnswerLine>& lines,
                     const std::function<void(const Labels&)>& visit) {
    const Labels* last = nullptr;
    for (const auto& line : lines) {
        if (line.labels.get() != std::exchange(last, line.labels.get())) {
            visit(*line.labels);
        }
    }
}

Labels common_labels(const std::vector<wire::AnswerLine>& lines) {
    std::vector<LabelPair> common = lines.front().labels->pairs();
    for_each_labels(lines, [&](const Labels& labels) {
        const auto differs = [&](const LabelPair& pair) {
            const LabelPair* found = labels.find(pair.name);
            return found == nullptr || found->value != pair.value;
        };
        common.erase(std::remove_if(common.begin(), common.end(), differs), common.end());
    });
    return Labels::of_result(std::move(common));
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

void add_print_flags(CLI::App& command, PrintArgs& args) {
    command.add_option("-o,--output", args.output, "format")
        ->check(CLI::IsMember({"default", "jsonl", "raw"}))
        ->capture_default_str();
    command.add_flag("-q,--quiet", args.quiet, "neither common labels nor warnings");
    command.add_flag("--no-labels", args.no_labels, "no labels");
    command.add_option("--include-label", args.include_labels, "only this label; may be repeated")
        ->allow_extra_args(false);
    command.add_option("--exclude-label", args.exclude_labels, "not this label; may be repeated")
        ->allow_extra_args(false);
    command.add_flag("--include-common-labels",
                     args.include_common_labels,
                     "with each line also the labels that all lines have");
    command.add_option("-z,--timezone", args.timezone, "UTC or Local")
        ->check(CLI::IsMember({"UTC", "Local"}))
        ->capture_default_str();
    std::vector<std::string> formats;
    for (const auto& [name, layout] : kLayouts) {
        formats.push_back(name);
    }
    command.add_option("--output-timestamp-format", args.timestamp_format, "of times")
        ->check(CLI::IsMember(formats))
        ->capture_default_str();
    command.add_option("--labels-length", args.labels_length, "pad labels with spaces to so much");
    command.add_flag("--colored-output", args.colored_output, "colours, also into a file");
}

LinePrinter::LinePrinter(PrintArgs args, std::FILE* file)
    : args_(std::move(args)),
      file_(file),
      colour_(args_.colored_output || ::isatty(::fileno(file)) != 0),
      zone_(args_.timezone == "Local" ? tmpl::Zone::local() : tmpl::Zone::utc()),
      layout_(kLayouts.at(args_.output == "jsonl" ? "rfc3339nano" : args_.timestamp_format)),
      labels_length_(args_.labels_length) {}

void LinePrinter::begin_page(const std::vector<wire::AnswerLine>& lines) {
    if (lines.empty() || args_.output != "default" || args_.no_labels) {
        return;
    }
    if (!args_.include_common_labels) {
        say_common(common_labels(lines));
    }
    if (args_.labels_length == 0) {
        for_each_labels(lines, [&](const Labels& labels) {
            labels_length_ = std::max(labels_length_, shown(labels).to_string().size());
        });
    }
}

void LinePrinter::say_common(const Labels& common) {
    common_.clear();
    for (const LabelPair& pair : common.pairs()) {
        common_.insert(pair.name);
    }
    std::string text = common.to_string();
    if (!common.empty() && !args_.quiet && text != common_text_) {
        flush().IgnoreError();  // the last one tells
        std::fprintf(stderr, "Common labels: %s\n", text.c_str());
        common_text_ = std::move(text);
    }
}

std::string LinePrinter::time_text(std::int64_t ns) const {
    std::string text;
    tmpl::Sink sink(text, kTimeBytesMax);
    tmpl::format_time(sink, tmpl::TimeValue::from(Timestamp{ns}, zone_), layout_);
    return text;
}

Labels LinePrinter::shown(const Labels& labels) const {
    std::vector<LabelPair> pairs;
    for (const LabelPair& pair : labels.pairs()) {
        const bool wanted =
            args_.include_labels.empty() || contains(args_.include_labels, pair.name);
        if (wanted && !contains(args_.exclude_labels, pair.name) && !common_.contains(pair.name)) {
            pairs.push_back(pair);
        }
    }
    return Labels::of_result(std::move(pairs));
}

void LinePrinter::print_default(const wire::AnswerLine& line) {
    out_.append(time_text(line.ns)).push_back(' ');
    if (!args_.no_labels) {
        const std::string labels = shown(*line.labels).to_string();
        if (colour_) {
            constexpr std::array<int, 6> kColours = {31, 32, 33, 34, 35, 36};
            const int code = kColours[base::hash64(labels) % kColours.size()];
            absl::StrAppend(&out_, "\x1b[", code, "m", labels, "\x1b[0m");
        } else {
            out_.append(labels);
        }
        out_.append(labels_length_ - std::min(labels_length_, labels.size()), ' ');
        out_.push_back(' ');
    }
    const std::size_t begin = std::min(line.text.find_first_not_of(kSpace), line.text.size());
    out_.append(line.text, begin, line.text.find_last_not_of(kSpace) + 1 - begin);
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
    absl::StrAppend(&out_, ",\"timestamp\":\"", time_text(line.ns), "\"}");
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
        flush().IgnoreError();  // the last one tells
    }
}

Status LinePrinter::flush() {
    std::fwrite(out_.data(), 1, out_.size(), file_);
    out_.clear();
    return std::fflush(file_) == 0 && std::ferror(file_) == 0
               ? absl::OkStatus()
               : absl::UnavailableError("the output cannot be written");
}

}  // namespace logi::cli
