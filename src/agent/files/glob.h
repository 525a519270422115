// Paths by pattern: * and ? and [a-z] within a name, ** for any number of folders, {a,b} for one of
// several.
#pragma once

#include "base/status.h"

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace logi::agent {

class Glob {
  public:
    Glob() = default;  // no path
    // kInvalidArgument for brackets or braces that are not closed.
    static StatusOr<Glob> parse(std::string_view pattern);

    // Whether the path, as it is written, is one of those.
    [[nodiscard]] bool matches(std::string_view path) const;

    // Files that are there now, sorted; also by symbolic links. Adds to `dirs` the folders whose
    // change can change the answer.
    [[nodiscard]] std::vector<std::string> find(std::set<std::string>& dirs) const;

  private:
    using Parts = std::vector<std::string>;  // names between slashes
    std::vector<Parts> alternatives_;
};

}  // namespace logi::agent
