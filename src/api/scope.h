// Whose data a request is about.
#pragma once

#include "base/time.h"
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
    Duration waited;  // of a read: for its turn
};

// All of them, joined by |.
[[nodiscard]] inline std::string names_of(const Scope& scope) {
    std::string names = scope.tenant;
    for (const auto& other : scope.others) {
        names.append("|").append(other);
    }
    return names;
}

}  // namespace logi::api
