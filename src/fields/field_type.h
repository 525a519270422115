// The type that a field's value looks like.
#pragma once

#include <string_view>

namespace logi::fields {

enum class FieldType : unsigned char { kInt, kFloat, kBoolean, kDuration, kBytes, kString };

// The first that fits, in this order.
[[nodiscard]] FieldType field_type_of(std::string_view value);

// int, float, boolean, duration, bytes, string.
[[nodiscard]] std::string_view field_type_name(FieldType type);

}  // namespace logi::fields
