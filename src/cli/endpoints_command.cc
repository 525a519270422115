#include "absl/strings/str_replace.h"
#include "api/endpoint.h"
#include "cli/commands.h"

#include <cstdio>

namespace logi::cli {

int endpoints_command() {
    for (const auto& endpoint : api::endpoints()) {
        std::printf("%-19s %-57s %-10s %s\n",
                    absl::StrReplaceAll(endpoint.methods, {{" ", ","}}).c_str(),
                    endpoint.path,
                    endpoint.access_name(),
                    endpoint.tenant_name());
    }
    return 0;
}

}  // namespace logi::cli
