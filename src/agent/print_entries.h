// Entries and what stages do with them, for people to read.
#pragma once

#include "agent/pipeline/pipeline.h"

#include <string>

namespace logi::agent {

// timestamp{labels}line, with the end of the line.
[[nodiscard]] std::string entry_text(const Entry& entry);

// Prints to standard output what each stage changes of an entry, in colours on a terminal.
[[nodiscard]] Pipeline::Observer make_inspector();

}  // namespace logi::agent
