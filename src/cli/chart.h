// Samples of a range as pictures of characters.
#pragma once

#include "wire/answers.h"

#include <cstddef>
#include <string>
#include <vector>

namespace logi::cli {

// One series is drawn over several rows with its values at the side, several as a row each; below
// are the times. `width` is that of the terminal, in columns. Empty without samples.
[[nodiscard]] std::string draw_chart(const std::vector<wire::AnswerSeries>& series,
                                     std::size_t width);

}  // namespace logi::cli
