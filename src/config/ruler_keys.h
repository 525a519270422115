// How the sections of rules are read. For .cc files that read YAML.
#pragma once

#include "config/sections.h"

#include <string>
#include <vector>

namespace logi::config {

// They refer to what is set.
Setters ruler_setters(Ruler& ruler, std::vector<std::string>& unused_keys);
Setter set_ruler_storage(Ruler& ruler, std::vector<std::string>& unused_keys);
Setters ruler_limits_setters(RulerLimits& limits);

}  // namespace logi::config
