// A line filter of LogQL: |= != |~ !~ |> !> with its alternatives. Immutable, safe from any thread.
#pragma once

#include "base/status.h"
#include "regex/literal.h"
#include "regex/regex.h"

#include <functional>
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
    // The same where letters of any case are asked for and that means ASCII letters only.
    static StatusOr<LineFilter> regexes(const std::vector<std::string>& any_of, bool negated);
    // Whatever `matches` says; where it says yes, at least one of `required` stands in the line, if
    // there are any.
    static LineFilter function(std::function<bool(std::string_view)> matches,
                               std::vector<Literal> required,
                               bool negated);

    [[nodiscard]] bool passes(std::string_view line) const;
    [[nodiscard]] bool negated() const { return negated_; }
    // The substrings of which at least one occurs in a line exactly when an alternative does; null
    // when something else is among them.
    [[nodiscard]] const std::vector<Literal>* plain() const {
        return regexes_.empty() && !function_ ? &substrings_ : nullptr;
    }

    // Texts of which at least one stands in every line in which an alternative occurs; empty when
    // that is not known.
    [[nodiscard]] const std::vector<Literal>& required() const { return required_; }

  private:
    std::vector<Literal> substrings_;
    std::vector<Literal> required_;
    std::vector<std::shared_ptr<const Regex>> regexes_;
    std::function<bool(std::string_view)> function_;
    bool negated_ = false;
};

}  // namespace logi::regex
