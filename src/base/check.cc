#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace logi::base {

void check_failed(const char* expr, const char* file, int line) {
    std::fprintf(stderr, "check failed: %s at %s:%d\n", expr, file, line);
    std::abort();
}

}  // namespace logi::base
