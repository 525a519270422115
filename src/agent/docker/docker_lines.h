// What Docker's logs API sends, with time stamps asked for, as lines.
#pragma once

#include "base/status.h"
#include "base/time.h"

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace logi::agent {

struct DockerLine {
    bool is_error = false;  // of stderr
    Timestamp time;
    std::string_view text;  // until the call returns
};

// Of one answer. Frames of a line that Docker has split are joined, up to kLineBytesMax; longer
// ones come in pieces. One task at a time.
class DockerLines {
  public:
    static constexpr std::size_t kLineBytesMax = 256U << 10U;

    // Containers with a terminal have no frames: what they write is one stream.
    explicit DockerLines(bool has_frames) : has_frames_(has_frames) {}
    // kDataLoss for what is no such answer.
    Status take(std::string_view bytes, const std::function<void(const DockerLine&)>& on_line);

  private:
    static constexpr std::size_t kHeaderBytes = 8;
    struct Output {
        bool in_stamp = true;  // in the time that each frame and each line begins with
        std::string stamp;
        Timestamp time;
        std::string text;   // of a line that has not ended
        bool open = false;  // there is such a line
    };
    Status begin_frame();
    Status take_text(Output& output,
                     std::string_view bytes,
                     const std::function<void(const DockerLine&)>& on_line);
    static Status end_stamp(Output& output);

    const bool has_frames_;
    std::string header_;
    std::uint32_t left_ = 0;         // of the frame
    std::array<Output, 2> outputs_;  // stdout, stderr
    Output* output_ = &outputs_[0];  // of the frame
};

}  // namespace logi::agent
