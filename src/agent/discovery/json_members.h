// Members of the JSON objects that servers tell of targets with.
#pragma once

#include "agent/jmespath/value.h"

#include <string>
#include <string_view>

namespace logi::agent {

// The member's text; empty if it is none.
[[nodiscard]] std::string text_of(const jmespath::Value& object, const std::string& name);
// The member's number as text; empty if it is none.
[[nodiscard]] std::string number_of(const jmespath::Value& object, const std::string& name);
// The elements of the member; none if it is no list.
[[nodiscard]] const jmespath::Array& items_of(const jmespath::Value& object,
                                              const std::string& name);

// The name of a label that is made of any text: what is no letter or digit becomes '_'.
[[nodiscard]] std::string as_label_name(std::string_view text);

}  // namespace logi::agent
