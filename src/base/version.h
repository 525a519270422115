// Which Logi this is; the build reads it here, too, for the package's version.
#pragma once

namespace logi::base {

inline constexpr const char* kVersion = "0.1.0";

}  // namespace logi::base
