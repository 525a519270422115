// What the server answers to, and what it takes to ask.
#pragma once

#include "auth/gate.h"

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace logi::api {

// Who may ask: everybody, also without a credential; every credential; those that have a right.
struct Everybody {};
struct AnyCredential {};
using Access = std::variant<Everybody, AnyCredential, auth::Right>;

// What an endpoint has to do with tenants: nothing; it is about one; it reads one or, where that is
// wanted, several; it is about the one of the header, which Loki wants here even where nobody has
// to say who they are.
enum class TenantUse : std::uint8_t { kNone, kOne, kSeveral, kHeader };

struct Endpoint {
    const char* path;     // {name} takes one part
    const char* methods;  // "GET POST": HEAD goes with GET; "gRPC": a call
    Access access;
    TenantUse tenant;

    [[nodiscard]] bool is_for(auth::Right right) const;
    // "everybody", "credential", or the right's name.
    [[nodiscard]] const char* access_name() const;
    // "none", "one", "several".
    [[nodiscard]] const char* tenant_name() const;
};

// Every one that there is.
[[nodiscard]] std::vector<Endpoint> endpoints();

}  // namespace logi::api
