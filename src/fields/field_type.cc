#include "fields/field_type.h"

#include "fields/conversions.h"

#include <charconv>

namespace logi::fields {
namespace {

// strconv.ParseInt with base 10.
bool is_int64(std::string_view s) {
    if (s.starts_with('+')) {
        s.remove_prefix(1);
        if (s.starts_with('-')) {
            return false;
        }
    }
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), value);
    return error == std::errc() && end == s.data() + s.size();
}

// strconv.ParseBool.
bool is_bool(std::string_view s) {
    for (const std::string_view word :
         {"1", "t", "T", "true", "TRUE", "True", "0", "f", "F", "false", "FALSE", "False"}) {
        if (s == word) {
            return true;
        }
    }
    return false;
}

}  // namespace

FieldType field_type_of(std::string_view value) {
    double number = 0;
    Duration duration{0};
    std::uint64_t bytes = 0;
    if (is_int64(value)) {
        return FieldType::kInt;
    }
    if (parse_go_float(value, number, nullptr)) {
        return FieldType::kFloat;
    }
    if (is_bool(value)) {
        return FieldType::kBoolean;
    }
    if (parse_go_duration(value, duration, nullptr)) {
        return FieldType::kDuration;
    }
    return parse_humanize_bytes(value, bytes, nullptr) ? FieldType::kBytes : FieldType::kString;
}

std::string_view field_type_name(FieldType type) {
    switch (type) {
        case FieldType::kInt:
            return "int";
        case FieldType::kFloat:
            return "float";
        case FieldType::kBoolean:
            return "boolean";
        case FieldType::kDuration:
            return "duration";
        case FieldType::kBytes:
            return "bytes";
        case FieldType::kString:
            return "string";
    }
    return {};
}

}  // namespace logi::fields
