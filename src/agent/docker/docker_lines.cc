#include "agent/docker/docker_lines.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/rfc3339.h"

#include <algorithm>

namespace logi::agent {
namespace {

constexpr std::size_t kStampBytesMax = 40;

}  // namespace

Status DockerLines::take(std::string_view bytes,
                         const std::function<void(const DockerLine&)>& on_line) {
    if (!has_frames_) {
        return take_text(outputs_[0], bytes, on_line);
    }
    while (!bytes.empty()) {
        if (left_ == 0) {
            const std::size_t n = std::min(kHeaderBytes - header_.size(), bytes.size());
            header_.append(bytes.substr(0, n));
            bytes.remove_prefix(n);
            if (header_.size() == kHeaderBytes) {
                LOGI_RETURN_IF_ERROR(begin_frame());
            }
            continue;
        }
        const std::size_t n = std::min<std::size_t>(left_, bytes.size());
        LOGI_RETURN_IF_ERROR(take_text(*output_, bytes.substr(0, n), on_line));
        left_ -= static_cast<std::uint32_t>(n);
        bytes.remove_prefix(n);
    }
    return absl::OkStatus();
}

// Which output it is of, three bytes of zero, and how long it is.
Status DockerLines::begin_frame() {
    const auto byte = [this](std::size_t i) {
        return std::uint32_t{static_cast<unsigned char>(header_[i])};
    };
    constexpr std::uint32_t kError = 2;
    if (byte(0) > kError || byte(1) != 0 || byte(2) != 0 || byte(3) != 0) {
        return absl::DataLossError(absl::StrCat(
            "'", absl::CHexEscape(header_), "' begins no frame of a container's output"));
    }
    output_ = &outputs_[byte(0) == kError ? 1 : 0];
    left_ = byte(4) << 24U | byte(5) << 16U | byte(6) << 8U | byte(7);
    header_.clear();
    output_->in_stamp = true;
    output_->stamp.clear();
    return absl::OkStatus();
}

Status DockerLines::take_text(Output& output,
                              std::string_view bytes,
                              const std::function<void(const DockerLine&)>& on_line) {
    while (!bytes.empty()) {
        if (output.in_stamp) {
            const std::size_t space = std::min(bytes.find(' '), bytes.size());
            output.stamp.append(bytes.substr(0, std::min(space, kStampBytesMax)));
            if (space < bytes.size() || output.stamp.size() >= kStampBytesMax) {
                LOGI_RETURN_IF_ERROR(end_stamp(output));
            }
            bytes.remove_prefix(std::min(space + 1, bytes.size()));
            continue;
        }
        const std::size_t end = std::min(bytes.find('\n'), bytes.size());
        const std::size_t n = std::min(end, kLineBytesMax - output.text.size());
        output.text.append(bytes.substr(0, n));
        bytes.remove_prefix(n);
        const bool ended = !bytes.empty() && bytes.front() == '\n';
        if (!ended && output.text.size() < kLineBytesMax) {
            continue;
        }
        std::string_view text = output.text;
        if (ended) {
            bytes.remove_prefix(1);
            text = text.ends_with('\r') ? text.substr(0, text.size() - 1) : text;
        }
        on_line({&output == &outputs_[1], output.time, text});
        output.text.clear();
        output.time = output.time + Duration{1};  // of the next piece
        output.open = !ended;
        output.in_stamp = ended;
    }
    return absl::OkStatus();
}

Status DockerLines::end_stamp(Output& output) {
    const auto time = parse_rfc3339(output.stamp);
    if (!time.ok()) {
        return absl::DataLossError(absl::StrCat(
            "'", absl::CHexEscape(output.stamp), "' is no time of a line of a container"));
    }
    if (!output.open) {
        output.time = *time;
        output.open = true;
    }
    output.stamp.clear();
    output.in_stamp = false;
    return absl::OkStatus();
}

}  // namespace logi::agent
