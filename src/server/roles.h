// What a process does of what there is to do over a bucket.
#pragma once

#include "base/status.h"

#include <string>

namespace logi::server {

struct Roles {
    // Others work over the same bucket. False: this process does everything, alone.
    bool shared = false;
    bool write = true;
    bool read = true;
    bool compact = true;
    bool rule = true;
};

// Of --role and --target, the latter as Loki names them; either may be "all", or several words
// joined by commas. kInvalidArgument names what is not known.
StatusOr<Roles> parse_roles(const std::string& role, const std::string& target);

// As --role takes them.
[[nodiscard]] std::string names_of(const Roles& roles);

}  // namespace logi::server
