// What a push is answered whose body cannot be decoded.
#pragma once

#include "base/status.h"
#include "wire/push.h"

#include <string>

namespace logi::wire {

[[nodiscard]] inline PushError error_of(const Status& status) {
    return {status.code() == absl::StatusCode::kOutOfRange ? 413 : 400,
            std::string(status.message())};
}

}  // namespace logi::wire
