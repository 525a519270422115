// A line filter of LogQL: |= != |~ !~ with its alternatives. Immutable, safe from any thread.
#pragma once

#include "base/status.h"
#include "regex/regex.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace logi::regex {

// A line passes if (any of the alternatives occurs in it) != negated.
class LineFilter {
  public:
    static LineFilter substrings(std::vector<std::string> any_of, bool negated);
    // Each is searched unanchored, '.' does not match newline. Patterns that are plain text become
    // substrings. kInvalidArgument if one does not compile.
    static StatusOr<LineFilter> regexes(const std::vector<std::string>& any_of, bool negated);

    [[nodiscard]] bool passes(std::string_view line) const;
    [[nodiscard]] bool negated() const { return negated_; }
    // The substrings of which at least one occurs in a line exactly when an alternative does; null
    // when a real regular expression is among them.
    [[nodiscard]] const std::vector<std::string>* plain() const {
        return regexes_.empty() ? &substrings_ : nullptr;
    }

    // Texts of which at least one stands in every line in which an alternative occurs; empty when
    // that is not known.
    [[nodiscard]] const std::vector<std::string>& required() const { return required_; }

  private:
    std::vector<std::string> substrings_;
    std::vector<std::string> required_;
    std::vector<std::shared_ptr<const Regex>> regexes_;
    bool negated_ = false;
};

}  // namespace logi::regex
