// Regular expressions: RE2, whose syntax is Go's. Immutable and safe from any thread.
#pragma once

#include "base/status.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace logi::regex {

class Regex {
  public:
    struct Options {
        bool dot_matches_newline = false;
        bool anchored = false;  // the whole text must match
        // Groups without a name take no part in group_names() and find(), which are faster for it.
        bool named_groups_only = false;
        std::int64_t program_bytes_max = 8LL << 20U;
    };
    // kInvalidArgument in Go's words (error parsing regexp: missing closing ): `(`), or when the
    // program is too large.
    static StatusOr<std::unique_ptr<Regex>> compile(std::string_view pattern, Options options);
    ~Regex();
    Regex(const Regex&) = delete;
    Regex& operator=(const Regex&) = delete;

    [[nodiscard]] bool matches(std::string_view text) const;
    // Roughly what the compiled form takes, for those who compile many.
    [[nodiscard]] std::size_t program_bytes() const;

    // Names of the groups by number; "" for the whole match, which is [0], and for unnamed ones.
    [[nodiscard]] const std::vector<std::string>& group_names() const;

    // The leftmost match that begins at or after `from`, which is at most text.size(); an anchored
    // pattern must match from there to the end. `groups` gets one view into `text` per group; that
    // of a group that took no part has a null data().
    [[nodiscard]] bool find(std::string_view text,
                            std::size_t from,
                            std::vector<std::string_view>& groups) const;

  private:
    struct Impl;
    explicit Regex(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace logi::regex
