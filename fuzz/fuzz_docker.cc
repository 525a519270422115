// Any bytes are safe to get as the output of a container, and give the same lines however they are
// cut; lines are not longer than they may be, and hold no end of a line.
#include "agent/docker/docker_lines.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using logi::agent::DockerLine;
using logi::agent::DockerLines;

void check(bool holds) {
    if (!holds) {
        std::abort();
    }
}

struct Outcome {
    std::vector<std::string> lines;
    bool wrong = false;
    friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome lines_of(std::string_view bytes, bool has_frames, std::size_t step) {
    Outcome outcome;
    DockerLines lines(has_frames);
    while (!bytes.empty() && !outcome.wrong) {
        outcome.wrong = !lines
                             .take(bytes.substr(0, step),
                                   [&](const DockerLine& line) {
                                       check(line.text.size() <= DockerLines::kLineBytesMax);
                                       check(line.text.find('\n') == std::string_view::npos);
                                       outcome.lines.push_back(std::to_string(line.time.ns) +
                                                               (line.is_error ? "e" : "o") +
                                                               std::string(line.text));
                                   })
                             .ok();
        bytes.remove_prefix(std::min(step, bytes.size()));
    }
    return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    const bool has_frames = data[0] < 128;
    check(lines_of(bytes, has_frames, bytes.size()) ==
          lines_of(bytes, has_frames, data[0] % 16U + 1U));
    return 0;
}
