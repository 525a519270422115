// How commands end that cannot do what they are asked to.
#pragma once

#include "base/status.h"

#include <cstdio>
#include <string>

namespace logi::cli {

// Says why on standard error and returns the exit status.
inline int fail(const Status& status) {
    std::fprintf(stderr, "logi: %s\n", std::string(message_of(status)).c_str());
    return 1;
}

}  // namespace logi::cli
