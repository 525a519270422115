// Lines of answers on standard output, in logcli's formats.
#pragma once

#include "wire/answers.h"

#include <cstddef>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace logi::cli {

struct PrintArgs {
    std::string output = "default";  // or raw, or jsonl
    bool quiet = false;
    bool no_labels = false;
    std::vector<std::string> include_labels;  // only these; empty: all
    std::vector<std::string> exclude_labels;
    std::size_t labels_length = 0;  // the text of labels is filled with spaces up to that
    bool colored_output = false;    // also where the output is no terminal
};

// Adds the flags to a command; `args` are set when it is parsed.
void add_print_flags(CLI::App& command, PrintArgs& args);

class LinePrinter {
  public:
    explicit LinePrinter(PrintArgs args);
    // Appends to what is printed; flush() shows it.
    void print(const wire::AnswerLine& line);
    void flush();

  private:
    [[nodiscard]] Labels shown(const Labels& labels) const;
    void print_default(const wire::AnswerLine& line);
    void print_jsonl(const wire::AnswerLine& line);

    const PrintArgs args_;
    const bool colour_;
    std::string out_;
};

// 2024-03-17T10:00:00.500000000Z
[[nodiscard]] std::string line_time(std::int64_t ns);

}  // namespace logi::cli
