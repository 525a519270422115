// Regular expressions: RE2, whose syntax is Go's. Immutable and safe from any thread.
#pragma once

#include "base/status.h"

#include <memory>
#include <string>
#include <string_view>

namespace logi::regex {

class Regex {
  public:
    struct Options {
        bool dot_matches_newline = false;
        bool anchored = false;  // the whole text must match
    };
    // kInvalidArgument with RE2's message, or when the program is over 8 MiB.
    static StatusOr<std::unique_ptr<Regex>> compile(std::string_view pattern, Options options);
    ~Regex();
    Regex(const Regex&) = delete;
    Regex& operator=(const Regex&) = delete;

    [[nodiscard]] bool matches(std::string_view text) const;

  private:
    struct Impl;
    explicit Regex(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace logi::regex
