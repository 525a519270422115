#include "net/caller.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/check.h"

#include <vector>

namespace logi::net {

void CallTable::add(CallMethod method, CallHandler handler) {
    const bool added = handlers_.emplace(std::move(method), std::move(handler)).second;
    LOGI_CHECK(added);
}

bool CallTable::has(const std::string& method) const {
    const auto it = handlers_.lower_bound({method, 0});
    return it != handlers_.end() && it->first.name == method;
}

void CallTable::handle(IncomingCall call, Answered respond) const {
    if (const auto it = handlers_.find(call.method); it != handlers_.end()) {
        it->second(std::move(call), std::move(respond));
        return;
    }
    const std::string& name = call.method.name;
    std::vector<std::uint32_t> versions;
    for (auto it = handlers_.lower_bound({name, 0});
         it != handlers_.end() && it->first.name == name;
         ++it) {
        versions.push_back(it->first.version);
    }
    respond(absl::UnimplementedError(versions.empty()
                                         ? absl::StrCat("there is no method '", name, "'")
                                         : absl::StrCat("of method '",
                                                        name,
                                                        "' version ",
                                                        call.method.version,
                                                        " is not known, but ",
                                                        absl::StrJoin(versions, ", "))));
}

}  // namespace logi::net
