// Tokens that a server gives to who shows a client's id and secret (OAuth 2.0, client credentials).
#pragma once

#include "agent/config/agent_config.h"
#include "base/status.h"
#include "io/clock.h"

#include <string>

namespace logi::agent {

// One thread at a time; blocks.
class OAuth2 {
  public:
    OAuth2(OAuth2Config config, const io::Clock& clock, Duration timeout)
        : config_(std::move(config)), clock_(clock), timeout_(timeout) {}

    // Of type Bearer; the same until shortly before it expires. kUnavailable says what the server
    // has answered instead; the secret's file is read anew each time.
    StatusOr<std::string> token();
    // The next one is asked for: this one was refused.
    void forget() { token_.clear(); }

  private:
    Status fetch();

    const OAuth2Config config_;
    const io::Clock& clock_;
    const Duration timeout_;
    std::string token_;  // empty: none
    Timestamp until_;
};

}  // namespace logi::agent
