#include "agent/receive/syslog_framer.h"

#include "base/ascii.h"

#include <algorithm>
#include <utility>

namespace logi::agent {
namespace {

constexpr std::size_t kDigitsMax = 9;
constexpr std::size_t kNoFrame = std::string_view::npos;
constexpr std::size_t kFrameShownBytes = 100;
constexpr std::string_view kLineEnds("\r\n\0", 3);

std::string_view without_end(std::string_view text) {
    const std::size_t last = text.find_last_not_of(kLineEnds);
    return text.substr(0, last == kNoFrame ? 0 : last + 1);
}

}  // namespace

void SyslogFramer::add(std::string_view bytes) {
    buffer_.erase(0, at_);
    at_ = 0;
    buffer_.append(bytes);
}

SyslogFramer::Frame SyslogFramer::next() {
    return next(Follows::kMaybe);
}

SyslogFramer::Frame SyslogFramer::next_after_pause() {
    return next(Follows::kNothingNow);
}

SyslogFramer::Frame SyslogFramer::next_at_end() {
    return next(Follows::kNothing);
}

bool SyslogFramer::waits() const {
    return framing_ == Framing::kLines && !skips_ && rest().ends_with('\n');
}

SyslogFramer::Frame SyslogFramer::next(Follows follows) {
    if (framing_ == Framing::kUnknown && !rest().empty()) {
        framing_ = base::is_digit(rest().front()) ? Framing::kCounted : Framing::kLines;
    }
    switch (framing_) {
        case Framing::kUnknown:
            break;
        case Framing::kCounted:
            return next_counted();
        case Framing::kLines:
            return next_line(follows);
    }
    return {};
}

SyslogFramer::Frame SyslogFramer::next_counted() {
    const std::size_t skipped = std::min(skip_bytes_, rest().size());
    skip_bytes_ -= skipped;
    at_ += skipped;
    at_ += std::min(rest().find_first_not_of("\n"), rest().size());
    std::size_t digits = 0;
    std::size_t length = 0;
    while (digits < std::min(kDigitsMax, rest().size()) && base::is_digit(rest()[digits])) {
        length = length * 10 + static_cast<std::size_t>(rest()[digits++] - '0');
    }
    if (broken_ || (digits == rest().size() && digits < kDigitsMax)) {
        return {};
    }
    if (length == 0 || digits == rest().size() || rest()[digits] != ' ') {
        broken_ = true;
        return {Kind::kBroken, rest().substr(0, kFrameShownBytes)};
    }
    const std::string_view message = rest().substr(digits + 1, length);
    if (length > bytes_max_) {
        skip_bytes_ = length - message.size();
        at_ += digits + 1 + message.size();
        return {Kind::kTooLong, message.substr(0, kFrameShownBytes)};
    }
    if (message.size() < length) {
        return {};
    }
    at_ += digits + 1 + length;
    return {Kind::kMessage, without_end(message)};
}

// Behind the last byte of the message; kNoFrame: it has not ended.
std::size_t SyslogFramer::end_of_message(Follows follows) {
    const std::string_view text = rest();
    std::size_t line = text.find('\n', searched_);
    while (line != kNoFrame && line + 2 < text.size()) {
        if (text[line + 1] == '<' && base::is_digit(text[line + 2])) {
            return line + 1;
        }
        line = text.find('\n', line + 1);
    }
    searched_ = std::min(line, text.size());
    const bool whole =
        follows == Follows::kNothing || (follows == Follows::kNothingNow && text.ends_with('\n'));
    return whole && !text.empty() ? text.size() : kNoFrame;
}

SyslogFramer::Frame SyslogFramer::cut(std::size_t bytes) {
    const std::string_view message = without_end(rest().substr(0, bytes));
    at_ += bytes;
    searched_ = 0;
    if (std::exchange(skips_, false)) {
        return {};
    }
    return message.size() > bytes_max_ ? Frame{Kind::kTooLong, message.substr(0, kFrameShownBytes)}
                                       : Frame{Kind::kMessage, message};
}

SyslogFramer::Frame SyslogFramer::next_line(Follows follows) {
    while (true) {
        if (!skips_) {
            at_ += std::min(rest().find_first_not_of(kLineEnds), rest().size());
            searched_ = std::min(searched_, rest().size());
        }
        const std::size_t end = end_of_message(follows);
        if (end != kNoFrame) {
            if (const Frame frame = cut(end); frame.kind != Kind::kNothing) {
                return frame;
            }
            continue;
        }
        // What belongs to no message any more goes; the end of a line may be its end.
        const bool begins = !skips_ && rest().size() > bytes_max_ + kLineEnds.size();
        const std::string_view shown = rest().substr(0, kFrameShownBytes);
        skips_ = skips_ || begins;
        if (skips_) {
            at_ += std::min(searched_, rest().size());
            searched_ = 0;
        }
        return begins ? Frame{Kind::kTooLong, shown} : Frame{};
    }
}

}  // namespace logi::agent
