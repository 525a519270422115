// Whose data a request is about.
#pragma once

#include "model/matcher.h"

#include <string>
#include <vector>

namespace logi::api {

struct Scope {
    std::string tenant;
    std::vector<std::string> others;  // of a read of several tenants the others, ascending
    std::vector<Matcher> only;        // no other streams are seen; empty: all are
};

}  // namespace logi::api
