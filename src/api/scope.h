// Whose data a request is about.
#pragma once

#include "io/executor.h"
#include "model/matcher.h"

#include <memory>
#include <string>
#include <vector>

namespace logi::api {

struct Scope {
    std::string tenant;
    std::vector<std::string> others;  // of a read of several tenants the others, ascending
    std::vector<Matcher> only;        // no other streams are seen; empty: all are
    // Of a read: where its work is done, in turns with other tenants'.
    std::shared_ptr<io::Executor> reading;
};

}  // namespace logi::api
