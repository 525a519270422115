// Lines of answers on standard output or in a file, in logcli's formats.
#pragma once

#include "template/zone.h"
#include "wire/answers.h"

#include <cstddef>
#include <cstdio>
#include <set>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace logi::cli {

struct PrintArgs {
    std::string output = "default";  // or raw, or jsonl
    bool quiet = false;  // nothing but lines: no labels that lines have in common, no warnings
    bool no_labels = false;
    bool include_common_labels = false;       // with each line
    std::vector<std::string> include_labels;  // only these; empty: all
    std::vector<std::string> exclude_labels;
    std::size_t labels_length = 0;  // the text of labels is filled with spaces up to that
    bool colored_output = false;    // also where the output is no terminal
    std::string timezone = "UTC";   // or Local
    std::string timestamp_format = "rfc3339nano";
};

// Adds the flags to a command; `args` are set when it is parsed.
void add_print_flags(CLI::App& command, PrintArgs& args);

class LinePrinter {
  public:
    explicit LinePrinter(PrintArgs args, std::FILE* file = stdout);
    // Says what labels the lines have in common, which is then left out of each, and pads the
    // others to one length. Without it labels are printed whole.
    void begin_page(const std::vector<wire::AnswerLine>& lines);
    // Appends to what is printed; flush() shows it.
    void print(const wire::AnswerLine& line);
    // kUnavailable if it could not be written, now or before.
    Status flush();

  private:
    void say_common(const Labels& common);
    [[nodiscard]] Labels shown(const Labels& labels) const;
    [[nodiscard]] std::string time_text(std::int64_t ns) const;
    void print_default(const wire::AnswerLine& line);
    void print_jsonl(const wire::AnswerLine& line);

    const PrintArgs args_;
    std::FILE* const file_;
    const bool colour_;
    const tmpl::Zone* const zone_;
    const std::string layout_;
    std::size_t labels_length_;
    std::set<std::string> common_;  // names
    std::string common_text_;
    std::string out_;
};

}  // namespace logi::cli
