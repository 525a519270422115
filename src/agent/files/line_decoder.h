// Lines of files in other encodings than UTF-8.
#pragma once

#include "base/status.h"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace logi::agent {

// One file's. One task at a time.
class LineDecoder {
  public:
    // Null for UTF-8. kInvalidArgument for a name that nobody knows. `begin` is what the file
    // begins with: a byte order mark tells which UTF-16 it is.
    static StatusOr<std::unique_ptr<LineDecoder>> make(const std::string& encoding,
                                                       std::string_view begin);
    ~LineDecoder();
    LineDecoder(const LineDecoder&) = delete;
    LineDecoder& operator=(const LineDecoder&) = delete;

    // Offset behind the next end of a line in `bytes`, which begin where a line does; npos if there
    // is none.
    [[nodiscard]] std::size_t line_end(std::string_view bytes) const;
    // The line, its end included, in UTF-8 without its end. What cannot be decoded becomes U+FFFD.
    [[nodiscard]] std::string_view decode(std::string_view line);

  private:
    LineDecoder(void* converter, std::size_t unit, bool big_endian)
        : converter_(converter), unit_(unit), big_endian_(big_endian) {}
    void* converter_;
    std::size_t unit_;  // bytes of the least character
    bool big_endian_;
    std::string text_;
};

// The same of UTF-8 where there is no decoder.
[[nodiscard]] std::size_t line_end(const LineDecoder* decoder, std::string_view bytes);

}  // namespace logi::agent
