// Whose data a request is about.
#pragma once

#include "model/matcher.h"

#include <string>
#include <vector>

namespace logi::api {

struct Scope {
    std::string tenant;
    std::vector<Matcher> only;  // no other streams are seen; empty: all are
};

}  // namespace logi::api
