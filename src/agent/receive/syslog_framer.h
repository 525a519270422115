// Cuts what a connection has sent into messages of syslog (RFC 6587).
//
// The first byte decides how the rest is framed. A digit: each message has its length before it and
// a space between. Anything else: a message ends where a line ends and the next begins with '<', so
// that it may have lines of its own; the last one is whole when nothing has followed for a while.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace logi::agent {

// Holds at most a message and the piece that was added. One thread at a time.
class SyslogFramer {
  public:
    explicit SyslogFramer(std::size_t message_bytes_max) : bytes_max_(message_bytes_max) {}

    enum class Kind {
        kNothing,  // more bytes are needed
        kMessage,
        kTooLong,  // a message was left out; `text` is what it begins with
        kBroken,   // there is no telling where the next message begins
    };
    struct Frame {
        Kind kind = Kind::kNothing;
        std::string_view text;  // without the end of its last line; until the next call
    };

    void add(std::string_view bytes);
    // The next message: call it until there is none.
    Frame next();
    // The same when nothing has followed for a while: a line that has ended ends its message.
    Frame next_after_pause();
    // The same when nothing follows at all.
    Frame next_at_end();
    // Whether next_after_pause() has one.
    [[nodiscard]] bool waits() const;

  private:
    enum class Framing { kUnknown, kCounted, kLines };
    enum class Follows { kMaybe, kNothingNow, kNothing };
    Frame next(Follows follows);
    Frame next_counted();
    Frame next_line(Follows follows);
    Frame cut(std::size_t bytes);
    [[nodiscard]] std::size_t end_of_message(Follows follows);
    [[nodiscard]] std::string_view rest() const { return std::string_view(buffer_).substr(at_); }

    const std::size_t bytes_max_;
    std::string buffer_;
    std::size_t at_ = 0;          // where the next message begins
    std::size_t searched_ = 0;    // behind at_: no message ends before
    std::size_t skip_bytes_ = 0;  // of a counted message that is left out
    Framing framing_ = Framing::kUnknown;
    bool skips_ = false;  // up to the end of a message that is left out
    bool broken_ = false;
};

}  // namespace logi::agent
