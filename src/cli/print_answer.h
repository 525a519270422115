// What queries of metrics are answered with, as a picture on a terminal, else as JSON.
#pragma once

#include "cli/line_printer.h"
#include "wire/answers.h"

#include <string>

namespace logi::cli {

// kUnavailable if it cannot be written.
Status print_answer(const wire::QueryAnswer& answer, const PrintArgs& args);

// A server's statistics on standard error; nothing where there are none.
void say_stats(const std::string& stats);

}  // namespace logi::cli
